#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace chatmcp::assistant {

// Amounts and dates in text. A model that invents a number does harm that a model which invents an
// adjective does not, and numbers can be checked: what an answer states must stand in the messages
// that it names. English words only; digits in any of the scripts below.

/// The amounts and dates that `sentence` states, in a canonical form.
///
/// Digits always count: `1,200.50` is `1200.5`, `07:40` is `7:40`, `14th` is `14`, each part of
/// `2024-05-14` counts alone; Arabic-Indic, Devanagari and fullwidth digits count as ASCII. Number
/// words count from thirteen up (`twenty-five` is `25`), smaller ones only before a unit (`two
/// euros`), since "two of them" is no amount. Names of weekdays and months count, "may" and "march"
/// only where they can be no verb.
[[nodiscard]] std::vector<std::string> amounts_stated(std::string_view sentence);

/// Everything that some messages would support: all of the above without exceptions, spoken forms
/// ("twelve fifty" supports 12.50, 12:50 and 1250), ordinals and abbreviated names.
class AmountsSupported {
  public:
    void add(std::string_view message);
    [[nodiscard]] bool supports(const std::string& stated) const { return all_.contains(stated); }

  private:
    std::set<std::string> all_;
};

/// Cut into sentences at `.`, `!` and `?` before a space or the end.
[[nodiscard]] std::vector<std::string> sentences_of(std::string_view text);

}  // namespace chatmcp::assistant

"""The bench of the chain: what each instruction costs, and what the client and the node do for one."""
import json

from demo import services
from measure import rows
from measure.rows import Row
from measure.run import Run

BUDGET = services.ROOT / "program/budget.json"

# Units of the program itself, without those of the programs that it calls.
OWN_UNITS_MAX = {"stampLock": 4_000, "stampAccept": 4_000, "stake": 3_000, "verifyReceipt": 8_000}
BUILD_RATIO_MAX = 3  # Of one Ed25519 signature.
STAMP_CHECK_US_MAX = 50


def measure(run: Run) -> list[Row]:
    """the chain: units and bytes of each instruction, transactions in C++, the node's check of a stamp."""
    found = run.bench("chain", rounds=run.count(200, 2))
    find, check = found["find_stake_addresses"], found["stamp_check"]
    return [*(rows.ratio_at_most(f"chain.build_and_sign.{name}", figures["ours"], "us", BUILD_RATIO_MAX, floor=figures["floor"])
              for name, figures in found["build_and_sign"].items()),
            Row("chain.find_stake_addresses", find["ours"], "us", floor=find["floor"]),
            rows.at_most("chain.stamp_check", check["ours"], "us", STAMP_CHECK_US_MAX, floor=check["floor"]),
            *budget()]


def budget() -> list[Row]:
    """What the tests of the program saw in the virtual machine; they fail when it grows by 5 %."""
    made = []
    for name, costs in json.loads(BUDGET.read_text()).items():
        own = f"chain.{name}.own"
        limit = OWN_UNITS_MAX.get(name)
        made += [rows.at_most(own, costs["own_units"], "units", limit) if limit else Row(own, costs["own_units"], "units"),
                 Row(f"chain.{name}.calls", costs["units"] - costs["own_units"], "units"),
                 Row(f"chain.{name}.transaction", costs["bytes"], "bytes"),
                 Row(f"chain.{name}.lamports", costs["lamports"] + costs["fee"], "lamports")]
    return made

// What the program is to do, written as arithmetic on plain objects: who has what, what is locked and until when, what is voted. Each
// function says whether an instruction is taken and, if so, changes the model. It knows nothing of accounts and bytes.
import { CHAT, PARAMS, SUPPLY } from "./chatmcp.mjs";

const BASIS_POINTS = 10_000n;

export class Model {
    constructor(people) {
        this.params = { ...PARAMS };
        this.people = people.map((who) => ({ who, tokens: 0n, stake: null }));
        this.treasury = SUPPLY;
        this.burned = 0n;
        this.revenue = 0n;
        this.pausedUntil = 0n;
        this.pauseAllowed = 0n;
        this.stamps = [];
        this.proposals = [];
    }

    get staked() {
        return this.people.reduce((sum, { stake }) => sum + (stake?.amount ?? 0n), 0n);
    }

    get pending() {
        return this.people.reduce((sum, { stake }) => sum + (stake?.pending ?? 0n), 0n);
    }

    get escrow() {
        return this.stamps.reduce((sum, { amount }) => sum + amount, 0n);
    }

    price(amount) {
        const { chatPriceLamports } = this.params;
        return (amount / CHAT) * chatPriceLamports + ((amount % CHAT) * chatPriceLamports + CHAT - 1n) / CHAT;
    }

    buy(person, amount, slot) {
        if (slot < this.pausedUntil || amount === 0n || amount > this.treasury) return false;
        this.treasury -= amount;
        person.tokens += amount;
        this.revenue += this.price(amount);
        return true;
    }

    stake(person, amount, slot) {
        if (slot < this.pausedUntil || amount === 0n || amount > person.tokens) return false;
        person.stake ??= { amount: 0n, pending: 0n, available: 0n, increased: 0n, held: 0n };
        person.tokens -= amount;
        person.stake.amount += amount;
        person.stake.increased = slot;
        return true;
    }

    requestUnstake({ stake }, amount, slot) {
        if (stake === null || amount === 0n || stake.held !== 0n || amount > stake.amount) return false;
        stake.amount -= amount;
        stake.pending += amount;
        stake.available = slot + this.params.unstakeDelaySlots;
        return true;
    }

    withdraw(person, slot) {
        const { stake } = person;
        if (stake === null || stake.pending === 0n || slot < stake.available) return false;
        person.tokens += stake.pending;
        stake.pending = 0n;
        if (stake.amount === 0n && stake.held === 0n) person.stake = null;
        return true;
    }

    lock(person, amount, slot, stamp) {
        const { stampPriceMin, stampPriceMax, stampOpenSlots } = this.params;
        if (slot < this.pausedUntil || amount < stampPriceMin || amount > stampPriceMax || amount > person.tokens) return false;
        if (this.stamps.some(({ address }) => address === stamp.address)) return false;
        person.tokens -= amount;
        Object.assign(stamp, { person, amount, open: true, lockedSlot: slot, expires: slot + stampOpenSlots });
        this.stamps.push(stamp);
        return true;
    }

    remove(stamp) {
        this.stamps.splice(this.stamps.indexOf(stamp), 1);
    }

    answer(stamp, verb, slot) {
        if (!this.stamps.includes(stamp) || !stamp.open || slot >= stamp.expires) return false;
        if (verb === "accept") {
            stamp.person.tokens += stamp.amount;
            this.remove(stamp);
        } else {
            this.burned += stamp.amount;
            Object.assign(stamp, { amount: 0n, open: false });
        }
        return true;
    }

    reclaim(stamp, slot) {
        if (!this.stamps.includes(stamp) || slot < stamp.expires) return false;
        stamp.person.tokens += stamp.amount;
        this.remove(stamp);
        return true;
    }

    propose(person, proposal, slot) {
        if (person.stake === null || person.stake.amount < this.params.proposalStakeMin) return false;
        const { votingSlots, timeLockSlots, executionSlots, quorumBasisPoints } = this.params;
        const votingEnds = slot + votingSlots;
        Object.assign(proposal, {
            person, open: true, created: slot, votingEnds, executable: votingEnds + timeLockSlots, yes: 0n, no: 0n, votes: [],
            lapses: votingEnds + timeLockSlots + executionSlots, quorum: (this.staked * quorumBasisPoints + BASIS_POINTS - 1n) / BASIS_POINTS,
        });
        person.stake.held += 1n;
        this.proposals.push(proposal);
        return true;
    }

    vote(person, proposal, yes, slot) {
        const { stake } = person;
        if (!this.proposals.includes(proposal) || !proposal.open || slot >= proposal.votingEnds) return false;
        if (stake === null || stake.amount === 0n || stake.increased >= proposal.created) return false;
        if (proposal.votes.includes(person)) return false;
        if (yes) proposal.yes += stake.amount;
        else proposal.no += stake.amount;
        proposal.votes.push(person);
        stake.held += 1n;
        return true;
    }

    passed({ yes, no, quorum }) {
        return yes > no && yes + no >= quorum;
    }

    ended(proposal, slot) {
        return !proposal.open || slot >= proposal.lapses || (slot >= proposal.votingEnds && !this.passed(proposal));
    }

    cancel(person, proposal) {
        if (!this.proposals.includes(proposal) || proposal.person !== person || !proposal.open) return false;
        proposal.open = false;
        return true;
    }

    release(person, proposal, slot) {
        if (!this.proposals.includes(proposal) || !proposal.votes.includes(person) || !this.ended(proposal, slot)) return false;
        proposal.votes.splice(proposal.votes.indexOf(person), 1);
        person.stake.held -= 1n;
        return true;
    }

    close(person, proposal, slot) {
        if (!this.proposals.includes(proposal) || proposal.person !== person) return false;
        if (!this.ended(proposal, slot) || proposal.votes.length !== 0) return false;
        person.stake.held -= 1n;
        this.proposals.splice(this.proposals.indexOf(proposal), 1);
        return true;
    }

    execute(proposal, slot) {
        if (!this.proposals.includes(proposal) || !proposal.open || slot >= proposal.lapses || slot < proposal.executable) return false;
        if (!this.passed(proposal)) return false;
        if (proposal.params) {
            if (proposal.params.stampPriceMin > proposal.params.stampPriceMax) return false;
            this.params = proposal.params;
        } else {
            if (proposal.amount === 0n || proposal.amount > this.treasury) return false;
            this.treasury -= proposal.amount;
            proposal.paid.tokens += proposal.amount;
        }
        proposal.open = false;
        return true;
    }

    pause(slot) {
        if (slot < this.pauseAllowed) return false;
        this.pausedUntil = slot + this.params.pauseSlots;
        this.pauseAllowed = this.pausedUntil + this.params.pauseSlots;
        return true;
    }
}

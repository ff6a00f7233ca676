// Lets slots pass with the machine's time.
import type { Chain } from "./chain.ts";
import { slotDurationMs } from "./limits.ts";

export class Clockwork {
    readonly #chain: Chain;
    #timer: NodeJS.Timeout | undefined;
    #startedMs = 0;
    #ticks = 0;

    constructor(chain: Chain) {
        this.#chain = chain;
    }

    get isRunning(): boolean {
        return this.#timer !== undefined;
    }

    start(): void {
        if (this.isRunning) return;
        this.#startedMs = performance.now();
        this.#ticks = 0;
        this.#timer = setInterval(() => this.#tick(), slotDurationMs / 4);
    }

    stop(): void {
        clearInterval(this.#timer);
        this.#timer = undefined;
    }

    // A busy machine comes late; the slots that are due pass then.
    #tick(): void {
        const due = Math.floor((performance.now() - this.#startedMs) / slotDurationMs) - this.#ticks;
        if (due < 1) return;
        this.#ticks += due;
        this.#chain.tick(due, Date.now());
    }
}

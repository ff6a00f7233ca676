// Methods that no cluster has: time in the hands of a test.
import { advanceSlotsMax, slotDurationMs } from "../limits.ts";
import { invalidParams } from "../rpc_error.ts";
import type { Methods } from "./method.ts";

const secondsMax = Math.floor((advanceSlotsMax * slotDurationMs) / 1000);

export const developmentMethods: Methods = {
    // {slots} or {seconds}: they pass at once, and the chain's clock goes with them.
    chatmcpDevnetAdvance: ({ chain }, params) => {
        const config = params.object(0);
        const slots = config.integer("slots", advanceSlotsMax);
        const seconds = config.integer("seconds", secondsMax);
        if ((slots === undefined) === (seconds === undefined)) throw invalidParams("Invalid params: expected slots or seconds");
        chain.advance(slots ?? Math.ceil(((seconds ?? 0) * 1000) / slotDurationMs));
        return { slot: chain.slot, unixTimestamp: chain.blockTime(chain.slot) };
    },

    // {running}: whether slots pass with the machine's time.
    chatmcpDevnetTimer: ({ clockwork }, params) => {
        const config = params.object(0);
        if (config.get("running") === undefined) throw invalidParams("Invalid params: expected running");
        if (config.boolean("running")) clockwork.start();
        else clockwork.stop();
        return { running: clockwork.isRunning };
    },
};

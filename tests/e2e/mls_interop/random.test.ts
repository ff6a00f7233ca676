// Random walks over mixed groups of up to eight. A failure prints its seed and what was done.
//
// CHATMCP_MLS_INTEROP_SEEDS has other seeds than the few of every day, separated by commas.
import { test } from "node:test";
import { four, ours, theirs } from "./cast.ts";
import { Random, RandomPlay } from "./random_play.ts";

const OPERATIONS = 40;

const seeds = (process.env["CHATMCP_MLS_INTEROP_SEEDS"] ?? "1,2,3,4,5,6").split(",").map(Number);
for (const seed of seeds) {
    test(`${OPERATIONS} random operations, seed ${seed}`, async (t) => {
        const random = new Random(seed);
        const fields = { suite: random.one([1, 2, 3]), wire: random.one(["private", "public"]) };
        const peers = [ours, theirs];
        const { group, guest } = await four(random.one(peers), fields);
        const play = new RandomPlay(random, group, peers, guest);
        try {
            for (let count = 0; count < OPERATIONS; ++count) await play.step();
        } catch (error) {
            throw new Error(`seed ${seed}, ${JSON.stringify(fields)}:\n${play.log.join("\n")}`, { cause: error });
        }
        t.diagnostic(`${group.epoch} epochs; faults of ts-mls: ${JSON.stringify(group.faults)}`);
    });
}

// dev/devnet: puts the parts together and runs until it is told to stop.
import { Chain } from "./chain.ts";
import { Clockwork } from "./clockwork.ts";
import { deployProgram, DeployError } from "./deploy.ts";
import { developmentNotice } from "./methods/method.ts";
import { help, readOptions, UsageError, type Options } from "./options.ts";
import { serve } from "./server.ts";
import { StateError, StateFolder } from "./state.ts";
import { Subscriptions } from "./subscriptions.ts";

const log = (text: string): void => console.error(`devnet: ${text}`);

const run = async (options: Options): Promise<void> => {
    log(developmentNotice);
    const { features, fresh } = options;
    const state = options.state === undefined ? undefined : StateFolder.open(options.state, { fresh, features }, Date.now());
    const chain = state?.chain ?? Chain.create(features, Date.now());
    log(`genesis hash ${chain.genesisHash}, slot ${chain.slot}, ${chain.ledger.total} transactions`);
    for (const { id, file } of options.programs) log(`program ${id} ${await deployProgram(chain, id, file)}`);

    const clockwork = new Clockwork(chain);
    const server = await serve({ chain, clockwork }, new Subscriptions(chain), options.port);
    const stop = async (): Promise<void> => {
        clockwork.stop();
        await server.close();
        state?.stop();
        process.exit(0);
    };
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void stop());
    state?.start();
    if (options.timer) clockwork.start();
    const ports = { http: server.httpPort, websocket: server.websocketPort };
    console.log(options.json ? JSON.stringify(ports) : `chatmcp-devnet ready http=${ports.http} websocket=${ports.websocket}`);
};

const fail = (error: unknown, status: number): void => {
    console.error(`devnet: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(status);
};

try {
    const options = readOptions(process.argv.slice(2));
    if (options.help) process.stdout.write(help);
    else await run(options);
} catch (error) {
    if (error instanceof UsageError) fail(error, 2);
    const isExpected = error instanceof StateError || error instanceof DeployError || (error as NodeJS.ErrnoException).code === "EADDRINUSE";
    if (!isExpected) throw error;
    fail(error, 1);
}

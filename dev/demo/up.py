"""Start a node, a development chain and an assistant on this machine, or play a conversation through them.

    dev/up                        node, development chain and assistant in the foreground; Ctrl-C stops all
    dev/up --demo                 play tests/conversations/TS3010a.jsonl through real processes, exit 0
    dev/up --demo FILE.jsonl      any conversation of that format
"""
import argparse
import pathlib
import signal
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "dev"))

from demo import chain, play, services  # noqa: E402


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dev/up", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--demo", nargs="?", const=str(ROOT / "tests/conversations/TS3010a.jsonl"), metavar="FILE.jsonl",
                        help="play a conversation and exit (default: TS3010a)")
    parser.add_argument("--data", metavar="DIR", help="keep state here (default: build/up; for --demo a fresh temporary folder)")
    parser.add_argument("--port", type=int, default=7447, help="port of the node on loopback (default 7447; --demo takes a free one)")
    parser.add_argument("--chain-port", type=int, default=8899, help="port of the development chain on loopback (default 8899)")
    parser.add_argument("--fresh", action="store_true", help="start the development chain anew; messages stay")
    parser.add_argument("--model", default="default", metavar="small|default|FILE",
                        help="model of the assistant: small (135M, for tests), default (1.5B) or a GGUF file")
    parser.add_argument("--keep", action="store_true", help="keep the demo's temporary folder")
    parser.add_argument("--no-build", action="store_true", help="use the programs in build/release/bin as they are")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    if options.demo and not pathlib.Path(options.demo).is_file():
        print(f"dev/up: {options.demo}: no such file", file=sys.stderr)
        return 2
    # The node and the assistant get SIGINT from the terminal too; this program decides when they stop.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    services.prepare(options.model, build=not options.no_build)
    model = services.model_file(options.model)
    if not options.demo:
        data = pathlib.Path(options.data or ROOT / "build/up")
        return services.serve(data, options.port, model, lambda: chain.Chain(data, options.chain_port, options.fresh))
    if options.data:
        return play.conversation(pathlib.Path(options.demo), pathlib.Path(options.data), model)
    with services.scratch_folder(options.keep) as folder:
        return play.conversation(pathlib.Path(options.demo), pathlib.Path(folder), model)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except services.Failed as failure:
        print(f"dev/up: {failure}", file=sys.stderr)
        sys.exit(failure.exit_code)

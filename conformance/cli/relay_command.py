"""`conformance relay`: arguments, what is printed, and the exit status. What a schedule does is
done in conformance/relay/.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path

from conformance.cli.exit_status import INTERRUPTED, complain, printable
from conformance.relay.links import Addresses, table
from conformance.relay.processes import ProcessError
from conformance.relay.schedule import Schedule, ScheduleError
from conformance.relay.schedule_file import load
from conformance.relay.script import Script, StepError

DESCRIPTION = """\
Run the processes that a schedule names, with a relay on each link between them, and do its steps
one after the other: lose, delay, duplicate and reorder datagrams, delay, stall, cut and reset
connections, part the network, kill, pause and restart processes, wait. Then end them all. What a
process prints goes to NAME.log in the run folder. docs/relay.md describes schedules;
traces/schedules/ has some that find the classic bugs. Check the traces afterwards:

  conformance relay traces/schedules/other-proposers-promise.yaml --nodes mine.yaml --folder run
  conformance check run
"""
EXITS = """\
exit status:
  0    all steps were done (without steps: it was told to end by SIGTERM)
  1    a step could not be done, or what it waited for did not come
  2    the schedule is no schedule, or the machine does not have what it needs
  130  interrupted by Ctrl-C; or told to end before the last step
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description, parser.epilog = DESCRIPTION, EXITS
    parser.add_argument("schedule", type=Path, metavar="SCHEDULE", help="a YAML file")
    parser.add_argument(
        "--nodes",
        type=Path,
        metavar="FILE",
        help="a second YAML file, whose keys (nodes, messages, protocol, ...) go beside the "
        "schedule's, or in place of them",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("run"),
        metavar="DIR",
        help="the run folder, {folder} in commands: new, or empty (default: run)",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="in place of the schedule's seed")
    parser.add_argument("-q", "--quiet", action="store_true", help="print nothing but errors")


def main(args: argparse.Namespace) -> int:
    """The whole command; its exit status."""

    def say(line: str) -> None:
        if not args.quiet:
            print(printable(line), flush=True)

    try:
        schedule = load(args.schedule, args.nodes)
        if args.seed is not None:
            schedule = schedule._replace(seed=args.seed)
        script = Script(schedule, _folder(args.folder), say)
        status = asyncio.run(_until_interrupted(script))
    except (StepError, ProcessError) as error:
        complain(str(error))
        return 1
    except ScheduleError as error:
        where = (
            str(error) if str(error).startswith(str(args.schedule)) else f"{args.schedule}: {error}"
        )
        complain(where)
        return 2
    for line in script.faults.summary():
        say(line)
    return status


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    if any(path.iterdir()):
        raise ScheduleError(
            f"the run folder {path} has files of an earlier run; name another by --folder, "
            "or remove it"
        )
    return path


async def _until_interrupted(script: Script) -> int:
    """Run it; SIGINT and SIGTERM end it in order."""
    task = asyncio.ensure_future(script.run(lambda addresses: _opened(script, addresses)))
    loop = asyncio.get_running_loop()
    told: list[signal.Signals] = []

    def end(number: signal.Signals) -> None:
        told.append(number)
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, end, number)
    try:
        await task
    except asyncio.CancelledError:
        return INTERRUPTED if script.schedule.steps or signal.SIGINT in told else 0
    return 0


def _opened(script: Script, addresses: Addresses) -> None:
    by_hand = _started_by_hand(script.schedule)
    if by_hand:
        script.say(f"start these yourself: {', '.join(by_hand)}")
        for line in table(addresses):
            script.say(f"  {line}")


def _started_by_hand(schedule: Schedule) -> list[str]:
    return [name for name, node in schedule.nodes.items() if not node.command]

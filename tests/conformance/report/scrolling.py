"""How a page scrolls: python -m tests.conformance.report.scrolling PAGE.html

Scrolls 300 frames through the events, each frame 400 pixels (15 rows) further, and prints how long
frames took, and how much of that was work of the page's own thread. The first depends on what else
the machine does; the second hardly.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.conformance.report.browser import launched, opened

FRAMES = 300

SCROLL = """async (frames) => {
  const box = document.getElementById("scroll"), took = [];
  const end = box.scrollHeight - box.clientHeight;
  let last = performance.now();
  await new Promise((done) => {
    const step = (now) => {
      took.push(now - last);
      last = now;
      box.scrollTop = (took.length * 400) % end;
      if (took.length < frames) requestAnimationFrame(step); else done();
    };
    requestAnimationFrame(step);
  });
  return took.slice(5);
}"""


def measure(file: Path) -> str:
    """The figures, in a line."""
    with launched() as browser, opened(browser, file) as it:
        it.page.wait_for_selector("[role=option]")
        session = it.page.context.new_cdp_session(it.page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})

        def worked() -> float:
            metrics = session.send("Performance.getMetrics")["metrics"]
            found: float = next(m["value"] for m in metrics if m["name"] == "TaskDuration")
            return found

        before = worked()
        took = sorted(it.page.evaluate(SCROLL, FRAMES))
        work_ms = (worked() - before) / FRAMES * 1000
        median, most = took[len(took) // 2], took[int(len(took) * 0.95)]
        it.assert_quiet()
    return (
        f"a frame: {median:.1f} ms in the median, {most:.1f} ms in 95 of 100; "
        f"{work_ms:.1f} ms of work"
    )


if __name__ == "__main__":
    print(measure(Path(sys.argv[1]).resolve()))

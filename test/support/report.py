"""Progress while a runner works, and its last line: `N passed, N failed, N skipped`."""

import sys
import time


class Report:
    """Counts verdicts. Failures are printed as they come; the rest shows as progress every ten seconds."""

    def __init__(self, total):
        self.total, self.done = total, 0
        self.counts = {"passed": 0, "failed": 0, "skipped": 0}
        self.start = self.last = time.monotonic()

    def add(self, verdict, case="", text=""):
        self.counts[verdict] += 1
        self.done += 1
        if verdict == "failed":
            print(f"FAIL {case}: {text}", flush=True)
        now = time.monotonic()
        if now - self.last > 10:
            self.last = now
            print(f"    {self.done}/{self.total} after {now - self.start:.0f} s, {self.line()}", flush=True)

    def line(self):
        return ", ".join(f"{count} {verdict}" for verdict, count in self.counts.items())

    def finish(self):
        """Prints the counts and ends the process: status 1 when anything failed."""
        print(self.line(), flush=True)
        sys.exit(1 if self.counts["failed"] else 0)

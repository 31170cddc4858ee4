"""Prints `N passed, N failed, N skipped` of the JUnit XML file that lit, ctest or pytest wrote.

usage: count_junit.py FILE
"""

import sys
import xml.etree.ElementTree


def verdict(case):
    """failed, skipped or passed. ctest says it in an attribute, the others in child elements."""
    children = {child.tag for child in case}
    if children & {"failure", "error"} or case.get("status") == "fail":
        return "failed"
    if "skipped" in children or case.get("status") in ("notrun", "disabled"):
        return "skipped"
    return "passed"


def main():
    cases = xml.etree.ElementTree.parse(sys.argv[1]).iter("testcase")
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for case in cases:
        counts[verdict(case)] += 1
    print(", ".join(f"{count} {name}" for name, count in counts.items()))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main()

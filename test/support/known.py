"""Lists of what is known not to pass. They only shrink: an entry that passes fails the run until it is
removed."""

from pathlib import Path


def add_list_arguments(parser):
    parser.add_argument("--update", action="store_true", help="take what passes now out of the list")
    parser.add_argument("--accept-new", action="store_true", help="put what is new into the list")


class KnownList:
    """A text file of cases, one a line, under `[reason]` headings. Only the verdicts `may_list` can stand in
    it."""

    def __init__(self, path, heading, may_list):
        self.path, self.heading, self.may_list = Path(path), heading, may_list
        self.reasons = {}
        section = ""
        for line in self.path.read_text().splitlines() if self.path.exists() else []:
            if line.startswith("["):
                section = line[1:-1]
            elif line and not line.startswith("#"):
                self.reasons[line] = section

    def judge(self, case, verdict, detail):
        """What a verdict counts as, and what to say about it: (passed | failed | skipped, text)."""
        listed = case in self.reasons
        if verdict == "pass":
            return (
                ("failed", f"passes but is listed in {self.path.name}: take it out with --update")
                if listed
                else ("passed", "")
            )
        if verdict in self.may_list and listed:
            return "skipped", ""
        return "failed", f"{verdict}: {detail}"

    def update(self, verdicts, accept_new):
        """Takes out the cases that passed; adds new ones only when told to. `verdicts`: case -> (verdict,
        detail)."""
        reasons = {
            case: reason
            for case, reason in self.reasons.items()
            if case not in verdicts or verdicts[case][0] != "pass"
        }
        for case, (verdict, detail) in verdicts.items():
            if verdict in self.may_list and (accept_new or case in reasons):
                reasons[case] = " ".join(detail.split())
        self.write(reasons)
        print(f"{self.path.name}: {len(reasons)} cases")

    def write(self, reasons):
        """Rewrites the file with these cases, grouped by reason, all sorted."""
        groups = {}
        for case, reason in reasons.items():
            groups.setdefault(reason, []).append(case)
        lines = [f"# {line}" for line in self.heading.splitlines()]
        for reason in sorted(groups, key=str.lower):
            lines += ["", f"[{reason}]"] + sorted(groups[reason])
        self.path.write_text("\n".join(lines) + "\n")

"""Results as Markdown. Ratios are times of a peer over nnc's: above 1, nnc is faster."""

import math

import networks
import peers

BEGIN, END = "<!-- results: written by bench/run.py -->", "<!-- end of results -->"


def ratio(record, peer):
    """Null where either was not timed."""
    ours, theirs = record.get("nnc", {}).get("median_ms"), record.get(peer, {}).get("median_ms")
    return theirs / ours if ours and theirs else None


def geometric_mean(values):
    values = [value for value in values if value]
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def _time(milliseconds):
    if milliseconds is None:
        return "-"
    return f"{milliseconds:.2f}" if milliseconds >= 1 else f"{milliseconds:.4f}"


def _ratio(value):
    return "-" if value is None else f"{value:.2f}"


def _rows(results, threads, family):
    """(name, row) in the order of the networks."""
    for name, entry in networks.NETWORKS.items():
        row = results["rows"].get(f"{name}@{threads}")
        if row and entry.family == family:
            yield name, row


def rivals(results):
    """Every peer but nnc that some row has."""
    seen = {peer for row in results["rows"].values() for peer in row["peers"]}
    return [peer for peer in peers.NAMES if peer in seen and peer != "nnc"]


def table(results, threads):
    others = rivals(results)
    peak = max(results["machine"]["peaks"][str(threads)]["gflops"].values())
    head = ["model", "GFLOP", "nnc, ms", "of peak"]
    head += [f"{peers.TITLES[peer]}, ms" for peer in others] + [
        f"{peers.TITLES[peer]} / nnc" for peer in others
    ]
    lines = ["| " + " | ".join(head) + " |", "|---" + "|--:" * (len(head) - 1) + "|"]

    def add(cells):
        lines.append("| " + " | ".join(cells) + " |")

    everything = []
    for family in networks.FAMILIES:
        rows = list(_rows(results, threads, family))
        if not rows:
            continue
        add([f"**{family}**"] + [""] * (len(head) - 1))
        for name, row in rows:
            record, ours = row["peers"], row["peers"].get("nnc", {}).get("median_ms")
            share = f"{row['flops'] / ours / 1e6 / peak:.0%}" if ours and row["flops"] else "-"
            add(
                [f"`{name}`", f"{row['flops'] / 1e9:.3g}" if row["flops"] else "-", _time(ours), share]
                + [_time(record.get(peer, {}).get("median_ms")) for peer in others]
                + [_ratio(ratio(record, peer)) for peer in others]
            )
        means = [geometric_mean([ratio(row["peers"], peer) for _, row in rows]) for peer in others]
        if len(rows) > 1:
            add(
                ["geometric mean", "", "", ""]
                + [""] * len(others)
                + [f"**{_ratio(mean)}**" for mean in means]
            )
        if family != networks.FAMILIES[-1]:
            everything += rows
    if len(everything) > 1:
        means = [geometric_mean([ratio(row["peers"], peer) for _, row in everything]) for peer in others]
        add(
            ["**all networks, geometric mean**", "", "", ""]
            + [""] * len(others)
            + [f"**{_ratio(mean)}**" for mean in means]
        )
    return "\n".join(lines)


def failures(results):
    """What was not timed, and why."""
    lines = []
    for key, row in results["rows"].items():
        for peer, record in row["peers"].items():
            if "error" in record:
                name, threads = key.split("@")
                reason = " ".join(record["error"].split())
                lines.append(f"- `{name}`, number of threads {threads}, {peers.TITLES[peer]}: {reason[:200]}")
    return "\n".join(lines)


def section(results, charts):
    """The results as part of a page; `charts` maps thread counts to the paths of drawings."""
    machine = results["machine"]
    others = ", ".join(f"{peers.TITLES[peer]} {version}" for peer, version in machine["versions"].items())
    parts = [
        f"{machine['cpu']}, {machine['cores']} cores ({machine['level']}), {machine['system']}; {machine['nnc']}"
        + (f" against {others}." if others else ".")
    ]
    for threads in sorted({row["threads"] for row in results["rows"].values()}):
        peak = machine["peaks"][str(threads)]
        widths = " and ".join(
            f"{rate:.0f} GFLOP/s with {bits}-bit vectors" for bits, rate in peak["gflops"].items()
        )
        parts.append(
            f"### {threads} thread{'s' if threads > 1 else ''}\n\nMeasured peak: {widths}, "
            f"{peak['gbytes']:.0f} GB/s from memory."
        )
        if threads in charts:
            parts.append(f"![nnc against its peers, number of threads: {threads}]({charts[threads]})")
        parts.append(table(results, threads))
    if problems := failures(results):
        parts.append("Not timed:\n\n" + problems)
    return "\n\n".join(parts)


def replace_section(page, text):
    """The page with what stands between the markers replaced."""
    if BEGIN not in page or END not in page:
        raise ValueError(f"the page has no '{BEGIN}' and '{END}'")
    head, rest = page.split(BEGIN, 1)
    return head + BEGIN + "\n\n" + text + "\n\n" + END + rest.split(END, 1)[1]

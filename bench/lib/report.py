"""Tables for the terminal and for Markdown, SVG plots, and the facts about the machine they come from."""
import datetime
import json
import os
import platform
import sys

# Colour-blind safe (Okabe and Ito); the same server has the same colour in every plot.
COLOURS = {"ringtail": "#0072B2", "stand-in": "#0072B2", "redis": "#D55E00", "memcached": "#999999"}
MORE_COLOURS = ["#56B4E9", "#009E73", "#CC79A7", "#E69F00"]

PATH_OPTIONS = ("--ringtail", "--redis", "--memcached", "--loadgen", "--json", "--out-dir")


def say(text: str = ""):
    print(text, flush=True)


def progress(text: str):
    """A line for whoever waits; kept out of the result on standard output."""
    print(f"  {text}", file=sys.stderr, flush=True)


def table(headers: list, rows: list) -> str:
    """A Markdown table that is aligned, so it reads well in a terminal too."""
    cells = [[str(cell) for cell in row] for row in [headers] + rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(headers))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
             for row in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def machine_facts() -> str:
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
        for line in cpuinfo:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return (f"{os.cpu_count()} cores ({model}), Linux {platform.release().split('-')[0]}, "
            f"{datetime.date.today().isoformat()}")


def write_json(options, data):
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(data, file, indent=1)


def _flags_but_paths(words: list) -> list:
    """The command line without options that only say where something lies."""
    kept, is_value_of_path = [], False
    for word in words:
        is_path = word.split("=")[0] in PATH_OPTIONS
        if not is_path and not is_value_of_path:
            kept.append(f'"{word}"' if " " in word else word)
        is_value_of_path = is_path and "=" not in word
    return kept


def write_markdown(options, name: str, title: str, sections: list):
    """Writes `<out-dir>/<name>.md`: a title, what it was made on and by, and the sections."""
    os.makedirs(options.out_dir, exist_ok=True)
    command = " ".join([f"bench/{os.path.basename(sys.argv[0])}"] + _flags_but_paths(sys.argv[1:]))
    path = os.path.join(options.out_dir, f"{name}.md")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"# {title}\n\nMade by `{command}` on {machine_facts()}.\n"
                   "How to read these figures: [bench/README.md](../../bench/README.md).\n\n")
        file.write("\n\n".join(sections) + "\n")
    say(f"wrote {os.path.relpath(path)}")


def _colour(label: str, index: int) -> str:
    return COLOURS.get(label, MORE_COLOURS[index % len(MORE_COLOURS)])


def _pyplot():
    import matplotlib  # Slow to load, and only --write needs it.
    matplotlib.use("svg")
    # The same figures give the same file, so a change in a plot is a change in what it shows.
    matplotlib.rcParams.update({"svg.hashsalt": "ringtail", "font.size": 9,
                                "axes.spines.top": False, "axes.spines.right": False,
                                "axes.axisbelow": True})
    from matplotlib import pyplot
    return pyplot


def _save(pyplot, figure, options, name: str):
    os.makedirs(options.out_dir, exist_ok=True)
    path = os.path.join(options.out_dir, f"{name}.svg")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
    say(f"wrote {os.path.relpath(path)}")


def bars(options, name: str, panels: list):
    """Writes `<name>.svg`: panels below each other, each a dictionary of
    title, ylabel, groups (names), series {label: [Spread or None per group]}, targets [number or None per
    group] (optional, drawn as a line across the group), log (optional)."""
    pyplot = _pyplot()
    figure, axes = pyplot.subplots(len(panels), 1, squeeze=False,
                                   figsize=(9, 3.2 * len(panels)))
    for axis, panel in zip(axes[:, 0], panels):
        count = max(len(panel["series"]), 1)
        width = 0.8 / count
        for index, (label, spreads) in enumerate(panel["series"].items()):
            for group, value in enumerate(spreads):
                if value is None:
                    continue
                x = group - 0.4 + width * (index + 0.5)
                axis.bar(x, value.median, width * 0.92, color=_colour(label, index),
                         label=label if group == _first(spreads) else None)
                axis.errorbar(x, value.median, ecolor="#333333", elinewidth=0.8, capsize=1.5, fmt="none",
                              yerr=[[value.median - value.low], [value.high - value.median]])
        for group, target in enumerate(panel.get("targets", [])):
            if target is not None:
                axis.hlines(target, group - 0.45, group + 0.45, color="black", linestyles="dashed",
                            linewidth=1, label="target" if group == _first(panel["targets"]) else None)
        axis.set_title(panel["title"], loc="left", fontweight="bold")
        axis.set_ylabel(panel["ylabel"])
        axis.set_xticks(range(len(panel["groups"])), panel["groups"], fontsize=8)
        axis.grid(axis="y", color="#dddddd", linewidth=0.6)
        if panel.get("log"):
            axis.set_yscale("log")
        axis.legend(frameon=False, fontsize=8, ncols=5)
    _save(pyplot, figure, options, name)


def _first(values: list) -> int:
    return next((i for i, value in enumerate(values) if value is not None), -1)


def lines(options, name: str, panels: list):
    """Writes `<name>.svg`: panels below each other, each a dictionary of
    title, xlabel, ylabel, series {label: ([x], [y])}, target (optional), log (optional)."""
    pyplot = _pyplot()
    figure, axes = pyplot.subplots(len(panels), 1, squeeze=False, figsize=(9, 3 * len(panels)))
    for axis, panel in zip(axes[:, 0], panels):
        for index, (label, (xs, ys)) in enumerate(panel["series"].items()):
            axis.plot(xs, ys, color=_colour(label, index), label=label, linewidth=1.2)
        if panel.get("target") is not None:
            axis.axhline(panel["target"], color="black", linestyle="dashed", linewidth=1, label="target")
        axis.set_title(panel["title"], loc="left", fontweight="bold")
        axis.set_xlabel(panel["xlabel"])
        axis.set_ylabel(panel["ylabel"])
        axis.grid(color="#dddddd", linewidth=0.6)
        if panel.get("log"):
            axis.set_yscale("log")
        else:
            axis.set_ylim(bottom=panel.get("bottom", 0))
        axis.legend(frameon=False, fontsize=8, ncols=5)
    _save(pyplot, figure, options, name)

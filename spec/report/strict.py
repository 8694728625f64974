"""strict.py FORMAT - reads a report on standard input with a strict parser that others have written, and prints what it
has read as JSON. What the parser refuses, or the format's own specification, is an error."""
import csv
import html.parser
import io
import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree


def expect(condition, message):
    if not condition:
        raise ValueError(message)


def read_separated(text, end, **dialect):
    expect(text.endswith(end), "the last record has no end")
    expect(text.count("\n") == text.count(end) and text.count("\r") == end.count("\r") * text.count(end), "a stray end")
    records = list(csv.reader(io.StringIO(text, newline=""), strict=True, **dialect))
    expect(len({len(record) for record in records}) == 1, "records of different lengths")
    return records


def read_json(text):
    def unique(pairs):
        expect(len(dict(pairs)) == len(pairs), "an object has a member twice")
        return dict(pairs)

    def refuse(constant):
        raise ValueError(constant + " is no JSON")

    return json.loads(text, object_pairs_hook=unique, parse_constant=refuse)


def read_markdown(text):
    """The cells of the table, the kinds of inline elements in them, and the text behind it."""
    out = subprocess.run(["cmark-gfm", "-e", "table", "-e", "autolink", "-e", "strikethrough", "-e", "tagfilter", "-t", "xml"],
                         input=text.encode(), check=True, stdout=subprocess.PIPE).stdout
    document = ElementTree.fromstring(out.decode().replace("\ufffe", "\\u{FFFE}").replace("\uffff", "\\u{FFFF}"))
    for element in document.iter():
        element.tag = element.tag.split("}")[-1]
    expect(document[0].tag == "table", "no table")
    cells = [[list(cell.iter())[1:] for cell in row] for row in document[0]]
    return {"rows": [["".join(inline.text or "" for inline in cell) for cell in row] for row in cells],
            "kinds": sorted({inline.tag for row in cells for cell in row for inline in cell}),
            "behind": ["".join(part.itertext()).strip() for part in document[1:]]}


# what the schema of Jenkins's xUnit plugin, junit-10.xsd, permits in the elements used here
JUNIT = {
    "testsuites": ({"name"}, {"testsuite"}),
    "testsuite": ({"name", "tests", "failures", "errors"}, {"testcase"}),
    "testcase": ({"name", "classname"}, {"failure", "error"}),
    "failure": ({"type", "message"}, set()),
    "error": ({"type", "message"}, set()),
}


def read_junit(text):
    """The test cases, in order."""
    root = ElementTree.fromstring(text)
    expect(root.tag == "testsuites", "expected suites")
    for element in root.iter():
        attributes, children = JUNIT[element.tag]
        expect(set(element.attrib) == attributes, "attributes of " + element.tag)
        expect({child.tag for child in element} <= children, "children of " + element.tag)
    for suite in root:
        counts = [len(suite), len(suite.findall("testcase/failure")), len(suite.findall("testcase/error"))]
        expect(counts == [int(suite.attrib[name]) for name in ("tests", "failures", "errors")], "totals")
    return [{"name": case.attrib["name"], "outcome": case[0].tag if len(case) else "passed",
             **(case[0].attrib if len(case) else {}), "text": "".join(case.itertext())}
            for case in root.iter("testcase")]


def read_sarif(text):
    """The log. Its rules are those of SARIF 2.1.0, by section: https://docs.oasis-open.org/sarif/sarif/v2.1.0/"""
    log = read_json(text)
    expect(log["version"] == "2.1.0" and log["$schema"].startswith("https://"), "3.13.2, 3.13.3")
    for run in log["runs"]:
        driver = run["tool"]["driver"]
        expect(driver["name"] and driver["version"], "3.19.8, 3.19.13")
        rules = [rule["id"] for rule in driver["rules"]]
        expect(len(set(rules)) == len(rules), "3.49.3: ids are unique")
        for rule in driver["rules"]:
            expect(rule["shortDescription"]["text"], "3.49.9")
            expect(rule["defaultConfiguration"]["level"] in ("none", "note", "warning", "error"), "3.50.3")
        for invocation in run["invocations"]:
            expect(invocation["executionSuccessful"] in (True, False), "3.20.14")
            expect(invocation["startTimeUtc"] <= invocation["endTimeUtc"] and invocation["endTimeUtc"].endswith("Z"), "3.20.7")
            for note in invocation["toolExecutionNotifications"]:
                expect(note["message"]["text"] and note["level"] == "error", "3.58.5, 3.58.6")
        for result in run["results"]:
            check_sarif_result(result, rules)
    return log


def check_sarif_result(result, rules):
    expect(rules[result["ruleIndex"]] == result["ruleId"], "3.27.5, 3.27.6")
    expect(result["level"] in ("note", "warning", "error"), "3.27.10")
    expect(result["message"]["text"], "3.27.11, 3.11.8")
    expect(len(result["locations"]) == 1, "3.27.12")
    location = result["locations"][0]
    expect(all(logical["name"] is not None for logical in location["logicalLocations"]), "3.28.4, 3.33.4")
    expect(all(isinstance(print_, str) for print_ in result.get("partialFingerprints", {}).values()), "3.27.17")
    if "physicalLocation" in location:
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        expect(uri.isascii() and not set(uri) & set(' "<>\\^`{|}'), "3.4.3: a URI reference, RFC 3986")
        expect(location["physicalLocation"]["region"]["startLine"] >= 1, "3.30.5")


def read_prometheus(text):
    from prometheus_client.parser import text_string_to_metric_families
    families = {}
    for family in text_string_to_metric_families(text):
        expect(family.name not in families and family.documentation and family.type == "gauge", family.name)
        families[family.name] = {json.dumps(sample.labels, sort_keys=True): sample.value for sample in family.samples}
    expect(text.endswith("\n"), "the last line has no end")
    return families


class Page(html.parser.HTMLParser):
    """Elements that are opened and closed in order, all of them among those that the page has, and its texts."""
    ELEMENTS = set("""html head meta title style body script header main footer section div h1 h2 p dl dt dd ul li b span svg
        rect line text table thead tbody tr th td label input fieldset legend noscript button""".split())
    ATTRIBUTES = set("""lang charset http-equiv content name type id class role aria-label aria-labelledby aria-pressed
        tabindex autocomplete value checked scope viewbox preserveaspectratio x y width height x2 y1 y2""".split())

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.texts, self.labels = [], {}, []

    def handle_starttag(self, tag, attributes):
        self.handle_startendtag(tag, attributes)
        if tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        expect(tag in self.ELEMENTS, "an element " + tag)
        names = [name for name, _ in attributes]
        expect(set(names) <= self.ATTRIBUTES and len(set(names)) == len(names), "an attribute among " + " ".join(names))
        self.labels += [value for name, value in attributes if name == "aria-label"]

    def handle_endtag(self, tag):
        expect(self.open and self.open.pop() == tag, "an end of " + tag)

    def handle_data(self, data):
        if data.strip():
            expect(self.open, "text behind the page")
            self.texts.setdefault(self.open[-1], []).append(data.strip())

    def handle_comment(self, data):
        raise ValueError("a comment: " + data)


def read_html(text):
    """The rows as the page's script has them, the texts by element, and the labels of pictures."""
    page = Page()
    page.feed(text)
    page.close()
    expect(not page.open, "elements that do not end: " + " ".join(page.open))
    data, _ = page.texts["script"]
    return {"rows": read_json(data), "texts": page.texts, "labels": page.labels}


READERS = {
    "csv": lambda text: read_separated(text, "\r\n"),
    "tsv": lambda text: read_separated(text, "\n", delimiter="\t", quoting=csv.QUOTE_NONE),
    "json": read_json,
    "ndjson": lambda text: [read_json(line) for line in text.splitlines()],
    "markdown": read_markdown,
    "junit": read_junit,
    "sarif": read_sarif,
    "prometheus": read_prometheus,
    "html": read_html,
}

json.dump(READERS[sys.argv[1]](sys.stdin.buffer.read().decode("utf-8", "strict")), sys.stdout)

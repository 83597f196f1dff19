#!/usr/bin/env python3
"""A second verifier of audit logs of format 1, written from the format page (src/docs/format.md) alone.

    python3 verifier.py LOG [--head FILE]

LOG is a log, a store, or a folder with logs at most three levels below. The report is one JSON object on standard
output. Exit status: 0 intact, 1 damaged, 2 unreadable or misused. It is slow and simple on purpose, and needs
nothing but the standard library.
"""

import argparse
import datetime
import fcntl
import hashlib
import json
import math
import os
import re
import sys

MAX_RECORD = 256 * 1024
MAX_DEPTH = 128
LIMIT = 2.0**53
FORMAT = 1
KINDS = {
    "log_created", "segment_opened", "log_resumed", "log_closed", "policy_changed", "tool_call_started", "tool_call",
    "outcome_unknown", "entries_lost", "segments_pruned", "alert", "log_read", "hold_set", "hold_released", "reviewed",
    "damage_acknowledged",
}

SEGMENT_NAME = re.compile(r"[0-9]{20}\.jsonl", re.ASCII)
HEAD = re.compile(
    rb'\{"_hash":"([0-9a-f]{64})","_kind":"([^"\\]*)","_log":"([0-9a-f]{32})",'
    rb'"_previous_hash":"([0-9a-f]{64}|genesis)","_seq":(0|[1-9][0-9]{0,19})[,}]'
)
TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z", re.ASCII)
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class CannotVerify(Exception):
    """Exit status 2."""


# Canonical JSON -------------------------------------------------------------------------------------------------

BLANKS = re.compile(r"[ \t\n\r]*", re.ASCII)
STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"')
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)
WORD = re.compile(r"true|false|null")


def json_depth(text):
    """How deep a JSON text (RFC 8259) is nested, or None where it is no JSON. It does not recurse."""
    at = BLANKS.match(text).end()
    stack = []
    deepest = 0
    wanted = "value"
    while True:
        char = text[at : at + 1]
        if wanted in ("value", "first value") and char not in ("", "]", "}"):
            if char in "{[":
                stack.append(char)
                deepest = max(deepest, len(stack))
                wanted = "first name" if char == "{" else "first value"
                at += 1
            else:
                token = STRING.match(text, at) or NUMBER.match(text, at) or WORD.match(text, at)
                if token is None:
                    return None
                at = token.end()
                wanted = "next"
        elif wanted == "first value" and char == "]":
            stack.pop()
            at += 1
            wanted = "next"
        elif wanted in ("name", "first name") and char == '"':
            token = STRING.match(text, at)
            if token is None:
                return None
            at = BLANKS.match(text, token.end()).end()
            if text[at : at + 1] != ":":
                return None
            at += 1
            wanted = "value"
        elif wanted == "first name" and char == "}":
            stack.pop()
            at += 1
            wanted = "next"
        elif wanted == "next" and stack and char == ",":
            at += 1
            wanted = "name" if stack[-1] == "{" else "value"
        elif wanted == "next" and stack and char == ("}" if stack[-1] == "{" else "]"):
            stack.pop()
            at += 1
        elif wanted == "next" and not stack and char == "":
            return deepest
        else:
            return None
        at = BLANKS.match(text, at).end()


class NotCanonical(Exception):
    """A value that has no canonical form."""


def pairs(items):
    members = dict(items)
    if len(members) != len(items):
        raise NotCanonical("a member name stands twice")
    return members


def number_text(value):
    """ECMAScript's Number::toString."""
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    if fraction == "0":
        fraction = ""
    digits = whole + fraction
    point = len(whole) + int(exponent or 0)
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    digits = stripped.rstrip("0")
    if len(digits) <= point <= 21:
        text = digits + "0" * (point - len(digits))
    elif 0 < point <= 21:
        text = digits[:point] + "." + digits[point:]
    elif -6 < point <= 0:
        text = "0." + "0" * -point + digits
    else:
        power = point - 1
        text = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
        text += "e" + ("+" if power > 0 else "-") + str(abs(power))
    return sign + text


SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def string_text(value):
    return '"' + "".join(SHORT.get(c) or ("\\u%04x" % ord(c) if c < " " else c) for c in value) + '"'


def canonical_text(value):
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        return string_text(value)
    if isinstance(value, float):
        if not math.isfinite(value) or abs(value) >= LIMIT:
            raise NotCanonical("a number is too large")
        return number_text(value)
    if isinstance(value, list):
        return "[" + ",".join(map(canonical_text, value)) + "]"
    names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
    return "{" + ",".join(string_text(name) + ":" + canonical_text(value[name]) for name in names) + "}"


def byte_rule(line):
    """The fault of a line against the byte rule, or None; and what it parses to."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return "not_json", None
    depth = json_depth(text)
    if depth is None:
        return "not_json", None
    if depth > MAX_DEPTH:
        return "not_canonical", None
    try:
        value = json.loads(text, parse_int=float, parse_float=float, object_pairs_hook=pairs)
        if canonical_text(value).encode("utf-8") == line:
            return None, value
    except (NotCanonical, UnicodeEncodeError):
        pass
    return "not_canonical", None


# Lines and records ----------------------------------------------------------------------------------------------


class Head:
    """The five first members of a line that begins like a record."""

    def __init__(self, match):
        self.hash, kind, self.log, self.previous, seq = match.groups()
        self.kind = kind.decode("utf-8")
        self.seq = int(seq)

    @classmethod
    def read(cls, line):
        match = HEAD.match(line)
        if match is None or int(match[5]) >= 2**64:
            return None
        try:
            return cls(match)
        except UnicodeDecodeError:
            return None


def line_hash(line):
    return hashlib.sha256(b"{" + line[76:]).hexdigest().encode("ascii")


def lines_of(file):
    """The lines of a segment; a line that is too long comes as None, the bytes behind the last line feed as a tail."""
    while True:
        line = file.readline(MAX_RECORD + 1)
        if line.endswith(b"\n"):
            yield line[:-1], False
        elif len(line) <= MAX_RECORD:
            if line:
                yield line, True
            return
        else:
            rest = line
            while rest and not rest.endswith(b"\n"):
                rest = file.readline(1 << 20)
            if rest:
                yield None, False
            else:
                yield line, True
                return


def microseconds(value):
    if not isinstance(value, str) or not TIMESTAMP.fullmatch(value):
        return None
    leap = value[17:19] == "60"
    text = value[:17] + "59" + value[19:] if leap else value
    try:
        time = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ")
    except ValueError:
        return None
    return (time - datetime.datetime(1970, 1, 1)) // datetime.timedelta(microseconds=1) + leap * 1_000_000


def end_of_day(value):
    if not isinstance(value, str) or not DATE.fullmatch(value):
        return None
    try:
        day = datetime.date.fromisoformat(value)
    except ValueError:
        return None
    return ((day - datetime.date(1970, 1, 1)).days + 1) * 86_400_000_000


def whole(value):
    return int(value) if isinstance(value, float) and value >= 0 and value == int(value) else None


# One log --------------------------------------------------------------------------------------------------------


class Log:
    def __init__(self, folder, head):
        self.folder = folder
        self.head = head
        self.names = sorted(name for name in os.listdir(folder) if SEGMENT_NAME.fullmatch(name))
        for name in self.names:
            if not os.path.isfile(self.path(name)):
                raise CannotVerify("%s is no file" % self.path(name))
        self.log = self.identify()
        if self.head is not None and (self.log is None or self.head["_log"] != self.log.decode()):
            self.head = None
        self.faults = []
        self.warnings = {}
        self.records = self.superseded = self.lost = self.unknown_outcomes = self.unknown_kinds = self.acknowledged = 0
        self.first_seq = self.last_seq = self.last_hash = None
        self.expected = int(self.names[0][:20]) if self.names else 0
        self.link = "start"
        self.digests = []
        self.start_previous = None
        self.prunes = []
        self.hashes = {}
        self.greatest_end = None
        self.open_calls = set()
        self.at_head = None
        self.torn = None
        self.unfinished = 0

    def path(self, name):
        return os.path.join(self.folder, name)

    def identify(self):
        """The log is the one that the first record with a right hash names, or else the first record."""
        first = None
        for name in self.names:
            with open(self.path(name), "rb") as file:
                for line, torn in lines_of(file):
                    head = Head.read(line) if line is not None and not torn else None
                    if head is not None and line_hash(line) == head.hash:
                        return head.log
                    if head is not None and first is None:
                        first = head.log
        return first

    def fault(self, kind, segment, line, seq=None, detail=""):
        self.faults.append({"kind": kind, "segment": segment, "line": line, "seq": seq, "detail": detail})

    def warn(self, kind):
        self.warnings[kind] = self.warnings.get(kind, 0) + 1

    def verify(self):
        for name in self.names:
            self.segment(name)
        self.end_of_segment(None, b"")
        self.check_start()
        self.check_head()
        self.faults.sort(key=lambda fault: (fault["segment"], fault["line"]))
        return self.report()

    def segment(self, name):
        first = int(name[:20])
        repeated = 0
        if first > self.expected:
            self.fault("missing_segment", name, 1, None, "records %d to %d are missing" % (self.expected, first - 1))
            self.expected, self.link = first, None
        elif first < self.expected:
            repeated = self.expected - first
        # What a repetition must repeat: the last lines before this segment.
        former = self.digests[-repeated:] if repeated else []
        differs = repeated > len(former)
        if differs:
            self.fault("superseded_differs", name, 1)
        torn_before = self.torn
        beginning = b""
        number = 0
        tail = b""
        with open(self.path(name), "rb") as file:
            for line, torn in lines_of(file):
                if torn:
                    tail = line
                    break
                number += 1
                if number <= repeated:
                    self.superseded += 1
                    same = line is not None and not differs and hashlib.sha256(line).digest() == former[number - 1]
                    if not same and not differs:
                        self.fault("superseded_differs", name, number)
                        differs = True
                    continue
                if number == repeated + 1 and torn_before is not None and line is not None:
                    beginning = line + b"\n"
                self.line(name, number, line)
        self.end_of_segment(torn_before, beginning)
        if tail:
            self.torn = (name, number + 1, tail)

    def end_of_segment(self, torn, beginning):
        """Judges the tail of a segment when it is known what follows it."""
        self.torn, torn = None, torn if torn is not None else self.torn
        if torn is None:
            return
        name, number, tail = torn
        last = name == self.names[-1]
        if last and self.is_held():
            self.unfinished = len(tail)
        elif not (tail and beginning.startswith(tail)):
            self.fault("torn_tail", name, number)

    def is_held(self):
        try:
            with open(self.path("LOCK"), "rb") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    return True
        except FileNotFoundError:
            pass
        return False

    def line(self, name, number, line):
        self.records += 1
        head = Head.read(line) if line is not None else None
        if line is None:
            self.digests.append(b"")
            self.unreadable(name, number, "not_canonical")
            return
        self.digests.append(hashlib.sha256(line).digest())
        fault, value = byte_rule(line)
        if head is None:
            self.unreadable(name, number, fault or "hash_mismatch")
            return
        if fault:
            self.fault(fault, name, number, head.seq)
        right = line_hash(line) == head.hash
        if not right:
            self.fault("hash_mismatch", name, number, head.seq)
        if head.log != self.log:
            self.fault("foreign_record", name, number, head.seq)
            return
        self.follow(name, number, head)
        if right and fault is None:
            self.take(name, number, head, value)

    def unreadable(self, name, number, kind):
        """A line that is no record counts as one, and the next one cannot be linked to it."""
        self.fault(kind, name, number)
        self.expected += 1
        self.link = None

    def follow(self, name, number, head):
        if head.seq != self.expected:
            self.fault("sequence_gap", name, number, head.seq, "expected %d" % self.expected)
        elif self.link == "start":
            if head.seq > 0:
                self.start_previous = head.previous
            elif head.kind != "log_created" or head.previous != b"genesis":
                self.fault("bad_genesis", name, number, head.seq)
        elif self.link is not None and head.previous != self.link:
            self.fault("chain_broken", name, number, head.seq)
        if self.first_seq is None:
            self.first_seq = head.seq
        self.last_seq, self.last_hash = head.seq, head.hash.decode()
        self.expected, self.link = head.seq + 1, head.hash
        self.hashes.setdefault(head.seq, head.hash)
        if self.head is not None and head.seq == self.head["_seq"]:
            same = head.hash.decode() == self.head["_hash"]
            if same or self.at_head is None:
                self.at_head = (same, name, number)

    def take(self, name, number, head, value):
        kind = head.kind
        if kind not in KINDS:
            self.unknown_kinds += 1
        if kind in ("log_created", "segment_opened"):
            if (whole(value.get("format")) or 0) > FORMAT:
                raise CannotVerify("%s is of format %d" % (self.folder, value["format"]))
            if value.get("source") == "replay":
                self.warn("replayed")
        call = json.dumps(value.get("call_id"))
        if kind == "tool_call_started":
            self.open_calls.add(call)
        elif kind in ("tool_call", "outcome_unknown"):
            self.open_calls.discard(call)
        if kind == "outcome_unknown":
            self.unknown_outcomes += 1
        elif kind == "entries_lost":
            self.lost += whole(value.get("count")) or 0
        elif kind == "damage_acknowledged":
            self.acknowledged += 1
        elif kind == "segments_pruned":
            self.prune(name, number, head, value)
        end = microseconds(value.get("timestamp"))
        if end is not None:
            duration = value.get("duration_ms")
            end += round(duration * 1000) if isinstance(duration, float) else 0
            if self.greatest_end is not None and end + 1_000_000 < self.greatest_end:
                self.warn("time_regressed")
            self.greatest_end = max(end, self.greatest_end or end)

    def prune(self, name, number, head, value):
        through = whole(value.get("through_seq"))
        if through is None:
            return
        expired, now = end_of_day(value.get("latest_retain_until")), microseconds(value.get("timestamp"))
        if expired is None or now is None or now < expired:
            self.fault("early_prune", name, number, head.seq)
        self.prunes.append((through, value.get("through_hash")))

    def check_start(self):
        first = int(self.names[0][:20]) if self.names else 0
        if any(through >= first for through, _ in self.prunes):
            self.warn("prune_unfinished")
        if first == 0:
            return
        for through, through_hash in self.prunes:
            if through == first - 1:
                found = self.start_previous
            else:
                found = self.hashes.get(through)
            if through >= first - 1 and found is not None and found.decode() == through_hash:
                return
        self.fault("unexplained_start", self.names[0], 1, self.first_seq)

    def check_head(self):
        if self.head is None:
            return
        first = int(self.names[0][:20]) if self.names else 0
        if self.at_head is None:
            if self.head["_seq"] >= first:
                with open(self.path(self.names[-1]), "rb") as file:
                    number = sum(1 for _, torn in lines_of(file) if not torn)
                self.fault("below_head", self.names[-1], max(number, 1), self.last_seq)
        elif not self.at_head[0]:
            self.fault("below_head", self.at_head[1], self.at_head[2], self.head["_seq"])

    def report(self):
        covered = self.at_head is not None and self.at_head[0]
        return {
            "folder": self.folder,
            "log": self.log.decode() if self.log else None,
            "intact": not self.faults,
            "records": self.records,
            "segments": len(self.names),
            "superseded": self.superseded,
            "first_seq": self.first_seq,
            "last_seq": self.last_seq,
            "last_hash": self.last_hash,
            "lost_entries": self.lost,
            "unknown_outcomes": self.unknown_outcomes,
            "open_calls": len(self.open_calls),
            "unknown_kinds": self.unknown_kinds,
            "damage_acknowledged": self.acknowledged,
            "uncovered": max(self.last_seq - self.head["_seq"], 0) if covered else self.records,
            "faults": self.faults,
            "warnings": self.warnings,
        }


# The whole ------------------------------------------------------------------------------------------------------


def find_logs(folder, levels=3):
    names = sorted(os.listdir(folder))
    if any(name == "LOCK" or SEGMENT_NAME.fullmatch(name) for name in names):
        return [folder]
    found = []
    for name in names:
        path = os.path.join(folder, name)
        if levels > 0 and os.path.isdir(path) and not os.path.islink(path):
            found.extend(find_logs(path, levels - 1))
    return found


def read_head(path):
    with open(path, "rb") as file:
        text = file.read(4096)
    try:
        head = json.loads(text)
        sound = (
            re.fullmatch("[0-9a-f]{64}", head["_hash"])
            and re.fullmatch("[0-9a-f]{32}", head["_log"])
            and isinstance(head["_seq"], int)
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        sound = False
    if not sound:
        raise CannotVerify("%s is no head file" % path)
    return head


NOT_COVERED = [
    "records cut from the end and a rewrite of the whole log, as far as no head kept elsewhere covers them",
    "checkpoints",
    "calls that went round the audit layer",
    "content that was false when it was written",
]


def main():
    parser = argparse.ArgumentParser(description="Verifies audit logs of format 1.")
    parser.add_argument("log")
    parser.add_argument("--head")
    arguments = parser.parse_args()
    try:
        head = read_head(arguments.head) if arguments.head else None
        folders = find_logs(arguments.log)
        if not folders:
            raise CannotVerify("no log in %s" % arguments.log)
        logs = [Log(folder, head).verify() for folder in folders]
    except (CannotVerify, OSError) as error:
        print("verifier.py: %s" % error, file=sys.stderr)
        return 2
    faults = []
    if head is not None and all(log["log"] != head["_log"] for log in logs):
        faults.append({"kind": "foreign_record", "detail": "the head is of another log"})
    intact = not faults and all(log["intact"] for log in logs)
    json.dump({"intact": intact, "logs": logs, "faults": faults, "not_covered": NOT_COVERED}, sys.stdout)
    print()
    return 0 if intact else 1


if __name__ == "__main__":
    sys.exit(main())

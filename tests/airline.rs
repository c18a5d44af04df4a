//! The airline example as its users run it: the figures of a known month, trouble made on purpose, and bad input.
//!
//! `cargo test` builds the examples before it runs this; `cargo test --test airline` alone does not, so build with
//! `cargo build --example airline` first.
#![expect(clippy::unwrap_used, reason = "helpers of tests: what cannot go on fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

const JANUARY: &[u8] = include_bytes!("../examples/data/flights-2013-01.csv.gz");
const HEADER: &str = "year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay,carrier,flight,\
                      tailnum,origin,dest,air_time,distance,hour,minute,time_hour";
const FLIGHT: &str = "2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z";

/// What a run printed, and how it ended.
struct Run {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Run {
    fn json(&self) -> Value {
        assert_eq!(self.stdout.lines().count(), 1, "exactly one line: {} {}", self.stdout, self.stderr);
        serde_json::from_str(&self.stdout).unwrap()
    }
}

fn airline(arguments: &[&str]) -> Run {
    let Output { status, stdout, stderr } = Command::new(program()).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { code: status.code().unwrap(), stdout: text(stdout), stderr: text(stderr) }
}

/// `target/<profile>/deps/airline-<hash>` is this test, `target/<profile>/examples/airline` is what it tests.
fn program() -> PathBuf {
    let profile = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_path_buf();
    let program = profile.join("examples").join(format!("airline{}", std::env::consts::EXE_SUFFIX));
    assert!(program.exists(), "{} is not built; run `cargo build --example airline` first", program.display());
    program
}

/// A file for one test, in the folder that cargo gives to tests.
fn file(name: &str, content: &[u8]) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("airline-{name}"));
    fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

fn number(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap_or_else(|| panic!("{key} in {value}"))
}

/// Every row and every message has met one fate.
fn check_books(run: &Value) {
    assert_eq!(number(run, "rows"), number(run, "flights") + number(run, "rejected"));
    assert_eq!(number(run, "flights"), number(run, "departed") + number(run, "cancelled"));
    let ledger = &run["ledger"];
    let fates = ["handled", "dropped", "dead_lettered", "quarantined", "queued"].map(|fate| number(ledger, fate));
    assert_eq!(number(ledger, "accepted"), fates.iter().sum::<u64>(), "{ledger}");
    assert_eq!(number(ledger, "queued"), 0);
}

/// Runs a file of these lines below the header; says what came of it as (rows, flights, rejected), and on stderr.
fn check_lines(name: &str, lines: &[&[u8]], expected: (u64, u64, u64)) -> String {
    let mut content = HEADER.as_bytes().to_vec();
    for line in lines {
        content.push(b'\n');
        content.extend_from_slice(line);
    }
    let run = airline(&["--json", "--flights", &file(name, &content)]);
    let json = run.json();
    check_books(&json);
    assert_eq!((number(&json, "rows"), number(&json, "flights"), number(&json, "rejected")), expected, "{json}");
    assert_eq!(run.code, 0);
    run.stderr
}

/// Runs a file that cannot be read: nothing on stdout, one clear line on stderr.
fn check_unusable(path: &str, says: &[&str]) {
    let run = airline(&["--json", "--flights", path]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{}", run.stderr);
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    for part in says {
        assert!(run.stderr.contains(part), "{part:?} in {}", run.stderr);
    }
}

fn january() -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(JANUARY).read_to_string(&mut text).unwrap();
    text
}

/// Flights, cancelled ones, and the sum of departure delays, by the value in one column: counted anew, with nothing of
/// the example's. `skip` says which rows, counted from 1, are left out.
fn recount(column: usize, skip: impl Fn(usize) -> bool) -> BTreeMap<String, (u64, u64, i64)> {
    let mut groups = BTreeMap::<String, (u64, u64, i64)>::new();
    for (_, line) in january().lines().enumerate().skip(1).filter(|(row, _)| !skip(*row)) {
        let fields: Vec<&str> = line.split(',').collect();
        let group = groups.entry(fields[column].to_owned()).or_default();
        group.0 += 1;
        match fields[5].parse::<i64>() {
            Ok(delay) => group.2 += delay,
            Err(_) => group.1 += 1,
        }
    }
    groups
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn check_groups(run: &Value, skip: impl Fn(usize) -> bool) {
    for (key, column) in [("by_carrier", 9), ("by_origin", 12)] {
        let expected = recount(column, &skip);
        let groups = run[key].as_object().unwrap();
        assert_eq!(groups.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        for (code, (flights, cancelled, delay)) in expected {
            let group = &groups[&code];
            assert_eq!((number(group, "flights"), number(group, "cancelled")), (flights, cancelled), "{code}");
            let mean = delay as f64 / (flights - cancelled) as f64;
            assert!((group["mean_dep_delay"].as_f64().unwrap() - mean).abs() < 1e-9, "{code}: {group}");
        }
    }
}

#[test]
fn january_is_counted_to_the_last_flight() {
    let run = airline(&["--json"]);
    let json = run.json();
    check_books(&json);
    let keys = ["rows", "flights", "rejected", "departed", "cancelled", "diverted", "restarts"];
    let figures = keys.map(|key| number(&json, key));
    assert_eq!(figures, [27_004, 27_004, 0, 26_483, 521, 85, 0]);
    check_groups(&json, |_| false);
    assert!(json["seconds"].as_f64().unwrap() > 0.0);
    assert_eq!(json.as_object().unwrap().len(), 11);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
}

#[test]
fn the_table_is_for_people() {
    let run = airline(&[]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    for part in ["Departures from 2013-01-01 to 2013-01-31", "27,004", "UA  United Air Lines", "JFK", "Restarts   0"] {
        assert!(run.stdout.contains(part), "{part:?} in {}", run.stdout);
    }
}

#[test]
fn who_sends_to_whom_is_drawn_and_cannot_lock_up() {
    let run = airline(&["--draw"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(run.stdout.matches("-->|wait|").count(), 4, "{}", run.stdout);
    assert!(run.stdout.ends_with("cannot lock up: no cycle of waiting edges\n"), "{}", run.stdout);
}

#[test]
fn each_poisoned_row_costs_one_restart_and_nothing_else() {
    let run = airline(&["--json", "--poison", "1000"]);
    let json = run.json();
    check_books(&json);
    let figures = ["rows", "flights", "rejected", "cancelled", "diverted", "restarts"].map(|key| number(&json, key));
    assert_eq!(figures, [27_004, 26_977, 27, 518, 85, 27]);
    assert_eq!(number(&json["ledger"], "dead_lettered"), 27);
    check_groups(&json, |row| row.is_multiple_of(1000));
    assert!(run.stderr.contains("row 1000 in line 1001 is poison"), "{}", run.stderr);
    assert!(!run.stderr.contains("thread '"), "the runtime prints no panics: {}", run.stderr);
    assert_eq!(run.code, 0);
}

#[test]
fn of_more_failures_than_are_kept_the_first_are_told() {
    let run = airline(&["--poison", "10"]);
    assert!(run.stdout.contains("restart 1/2700"), "{}", run.stdout);
    assert!(run.stdout.contains("and 2,697 more"), "{}", run.stdout);
    assert_eq!(run.code, 0);
}

#[test]
fn poison_on_the_last_row_is_booked_too() {
    let json = airline(&["--json", "--poison", "27004"]).json();
    check_books(&json);
    assert_eq!(["flights", "rejected", "restarts"].map(|key| number(&json, key)), [27_003, 1, 1]);
}

#[test]
fn a_crashed_carrier_loses_what_it_alone_knew() {
    let run = airline(&["--json", "--crash-carrier", "UA"]);
    let json = run.json();
    check_books(&json);
    assert_eq!(["flights", "restarts"].map(|key| number(&json, key)), [27_004, 1]);
    let known = number(&json["by_carrier"]["UA"], "flights");
    let told = run.stderr.split("after row 13,502: ").nth(1).and_then(|rest| rest.split_once(" of its 4,637 flights"));
    let lost: u64 = told.unwrap_or_else(|| panic!("{}", run.stderr)).0.replace(',', "").parse().unwrap();
    assert_eq!(known + lost, 4_637);
    // Of the first half of the month 2,335 flights are UA's; the mailboxes hold back a few at most.
    assert!((2_000..=2_335).contains(&lost), "{lost}");
    assert_eq!(number(&json["by_carrier"]["B6"], "flights"), 4_427);
    assert_eq!(run.code, 0);
}

#[test]
fn a_carrier_that_never_flew_cannot_be_crashed() {
    let run = airline(&["--json", "--crash-carrier", "ZZ"]);
    check_books(&run.json());
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("ZZ was not killed"), "{}", run.stderr);
}

#[test]
fn columns_are_found_by_name_quoted_or_not() {
    let header: Vec<String> = HEADER.split(',').rev().map(|name| format!("\"{name}\"")).collect();
    let flight: Vec<&str> = FLIGHT.split(',').rev().collect();
    let content = format!("\u{feff}{},\"more\"\r\n\r\n{},\"x, \"\"y\"\"\"\r\n", header.join(","), flight.join(","));
    let json = airline(&["--json", "--flights", &file("quoted.csv", content.as_bytes())]).json();
    check_books(&json);
    assert_eq!(["rows", "flights"].map(|key| number(&json, key)), [1, 1]);
    assert_eq!(number(&json["by_origin"]["EWR"], "flights"), 1);
}

#[test]
fn a_file_that_cannot_be_read_is_said_to_be_so() {
    check_unusable("no-such-file.csv", &["cannot open no-such-file.csv"]);
    check_unusable(&file("empty.csv", b""), &["is empty"]);
    check_unusable(&file("blank.csv", b"\n\n  \n"), &["is empty"]);
    check_unusable(&file("json.csv", b"{\"flights\": []}\n"), &["is no CSV of flights"]);
    check_unusable(&file("binary.csv", &[0xff, 0, 0xfe, 10]), &["is no CSV of flights", "not UTF-8"]);
    let lacking = HEADER.replace("dep_delay,", "");
    check_unusable(&file("lacking.csv", lacking.as_bytes()), &["lacks the column dep_delay", "dep_time", "carrier"]);
    check_unusable(&file("twice.csv", format!("{HEADER},origin").as_bytes()), &["names the column origin twice"]);
    check_unusable(&file("stub.csv.gz", &JANUARY[..12]), &["breaks off in its first line"]);
}

#[test]
fn what_came_before_a_cut_off_gzip_is_counted() {
    let run = airline(&["--json", "--flights", &file("cut.csv.gz", &JANUARY[..300_000])]);
    let json = run.json();
    check_books(&json);
    let rows = number(&json, "rows");
    assert!((1000..27_004).contains(&rows), "{rows}");
    assert_eq!(number(&json, "rejected"), 0);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains(&format!("breaks off in line {}", rows + 2)), "{}", run.stderr);
}

#[test]
fn gzip_is_known_by_its_content() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    write!(packed, "{HEADER}\n{FLIGHT}\n{FLIGHT}").unwrap();
    let path = file("packed.csv", &packed.finish().unwrap());
    assert_eq!(number(&airline(&["--json", "--flights", &path]).json(), "flights"), 2);
    let path = file("plain.csv.gz", format!("{HEADER}\n{FLIGHT}\n").as_bytes());
    assert_eq!(number(&airline(&["--json", "--flights", &path]).json(), "flights"), 1);
}

#[test]
fn a_damaged_row_is_rejected_with_its_line_and_reason() {
    let with = |from: &str, to: &str| FLIGHT.replacen(from, to, 1).into_bytes();
    let mut not_utf8 = FLIGHT.as_bytes().to_vec();
    not_utf8[40] = 0xff;
    let (letters, far, narrow) = (with("517", "abc"), with("1400", "1e9"), with(",EWR", ""));
    let (clock, code, undated) = (with("830", "875"), with(",UA,", ",../x,"), with("2013,1,", "2013,13,"));
    let (no_delay, quote) = (with("515,2,", "515,NA,"), with("N14228", "\"N14228"));
    let flight = FLIGHT.as_bytes();
    let lines: [&[u8]; 12] =
        [flight, &letters, b"", &far, &not_utf8, &narrow, &clock, &code, &undated, &no_delay, &quote, flight];
    let stderr = check_lines("damaged.csv", &lines, (11, 2, 9));
    let expected = [
        "line 3: dep_time is \"abc\", not a whole number",
        "line 5: distance is \"1e9\", not a whole number",
        "line 6: byte 41 of the line is not UTF-8",
        "line 7: it has 18 fields, the header has 19",
        "line 8: arr_time is \"875\", not a time",
        "line 9: carrier is \"../x\", not 2 capital letters or digits",
        "line 10: its day, 2013-13-01, is in no calendar",
        "line 11: dep_delay is NA",
        "line 12: its quotes do not match",
    ];
    for part in expected {
        assert!(stderr.contains(part), "{part:?} in {stderr}");
    }
}

#[test]
fn a_line_without_an_end_in_sight_is_one_rejected_row() {
    let long = vec![b'x'; 2_000_000];
    let lines: [&[u8]; 3] = [FLIGHT.as_bytes(), &long, FLIGHT.as_bytes()];
    let stderr = check_lines("long.csv", &lines, (3, 2, 1));
    assert!(stderr.contains("line 3: the line is longer than 65536 bytes"), "{stderr}");
    let lines: [&[u8]; 2] = [FLIGHT.as_bytes(), &long];
    check_lines("long-last.csv", &lines, (2, 1, 1));
}

#[test]
fn more_rejected_rows_than_are_told_are_still_counted() {
    let rows = vec![&b"x"[..]; 500];
    let stderr = check_lines("many.csv", &rows, (500, 0, 500));
    assert_eq!(stderr.lines().count(), 11, "{stderr}");
    assert!(stderr.contains("line 2: ") && stderr.contains("line 11: ") && stderr.contains("and 490 more"), "{stderr}");
}

#[test]
fn a_file_of_nothing_but_a_header_has_no_rows() {
    check_lines("header.csv", &[], (0, 0, 0));
    let run = airline(&["--flights", &file("header-only.csv", HEADER.as_bytes())]);
    assert!(run.stdout.contains("No departures") && run.stderr.contains("no row below its header"), "{}", run.stderr);
}

#[test]
fn wrong_arguments_are_refused() {
    let wrong = [
        (&["--poison", "0"][..], "a whole number from 1 on"),
        (&["--poison", "x"], "a whole number from 1 on"),
        (&["--crash-carrier", "UAL"], "two letters or digits"),
        (&["--flight", "x"], "unexpected argument"),
        (&["x.csv"], "--flights x.csv"),
    ];
    for (arguments, mend) in wrong {
        let run = airline(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(run.stderr.contains(mend), "{arguments:?}: {}", run.stderr);
    }
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_reports_what_it_has_read() {
    use std::process::Stdio;

    let mut child = Command::new(program())
        .args(["--json", "--flights", "/dev/stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    // Far more than pipe and mailboxes hold, so once it is written the example is reading, and waits for more.
    writeln!(input, "{HEADER}").unwrap();
    for _ in 0..20_000 {
        writeln!(input, "{FLIGHT}").unwrap();
    }
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let output = child.wait_with_output().unwrap();
    drop(input);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    check_books(&json);
    let rows = number(&json, "rows");
    assert!((1..=20_000).contains(&rows), "{rows}");
    assert_eq!(output.status.code(), Some(130));
}

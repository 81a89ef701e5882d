//! Each flag, variable and key of the tables in docs/cloud.md: what it does alone, what it gives way to, and what is said
//! when it is wrong.

mod table;

use crate::scene::{Ran, Scene, ended};
use serde_json::Value;
use table::{Given, Row, rows};

/// `sitelog config print` with what is given in each way, where it is.
fn print(row: &Row, given: [Option<&str>; 3]) -> Ran {
    let scene = Scene::new();
    let [flag, variable, file] = given;
    let mut args = vec!["config".to_owned(), "print".to_owned()];
    args.extend(flag.map(|value| format!("{}={value}", row.flag)));
    if let Some(value) = file {
        let (section, key) = row.key.split_once('.').unwrap();
        let file = scene.file("e.yaml", &format!("# of the exporter\n{section}:\n  {key}: {value}\n"));
        args.extend(["--config.file".to_owned(), file]);
    }
    let mut command = scene.sitelog(args.iter().map(String::as_str));
    if let Some(value) = variable {
        command.env(row.variable, value);
    }
    let mut ran = ended(command);
    // A home has another name each time.
    let home = scene.data().display().to_string();
    ran.stdout = ran.out().replace(&home, "DATA").into_bytes();
    ran
}

fn shown(row: &Row, given: [Option<&str>; 3]) -> Value {
    let ran = print(row, given);
    assert_eq!((ran.code, ran.err()), (0, ""), "{} {given:?}", row.flag);
    let all: Value = serde_json::from_slice(&ran.stdout).unwrap();
    all["cloud"].pointer(row.at).cloned().unwrap_or(Value::Null)
}

fn is_told(row: &Row, given: [Option<&str>; 3], place: &str) {
    let ran = print(row, given);
    assert_eq!(ran.code, 64, "{} {given:?}: {}", row.flag, ran.out());
    assert!(ran.one_line().contains(place), "{} {given:?}: {}", row.flag, ran.err());
}

fn holds(row: &Row) {
    let [flag, variable, file] = &row.given;
    let yaml = |given: &Given| if given.1.is_empty() { given.0 } else { given.1 };
    assert_eq!(shown(row, [None; 3]), row.default, "{}", row.flag);
    assert_eq!(shown(row, [Some(flag.0), None, None]), flag.2, "{}", row.flag);
    assert_eq!(
        shown(row, [None, Some(variable.0), None]),
        variable.2,
        "{}",
        row.variable
    );
    assert_eq!(shown(row, [None, None, Some(yaml(file))]), file.2, "{}", row.key);
    assert_eq!(
        shown(row, [Some(flag.0), Some(variable.0), Some(yaml(file))]),
        flag.2,
        "{}",
        row.flag
    );
    assert_eq!(
        shown(row, [None, Some(variable.0), Some(yaml(file))]),
        variable.2,
        "{}",
        row.variable
    );
    // An empty variable is as good as none.
    assert_eq!(shown(row, [None, Some(""), Some(yaml(file))]), file.2, "{}", row.key);
    let [wrong, wrong_in_file] = row.wrong;
    if !wrong.is_empty() {
        is_told(row, [Some(wrong), None, None], row.flag);
        is_told(row, [None, Some(wrong), None], row.variable);
    }
    if !wrong_in_file.is_empty() {
        is_told(row, [None, None, Some(wrong_in_file)], "e.yaml:3");
    }
}

#[test]
fn each_setting_does_what_it_says_wherever_it_is_given() {
    let rows = rows();
    std::thread::scope(|scope| {
        for some in rows.chunks(rows.len().div_ceil(4)) {
            scope.spawn(move || some.iter().for_each(holds));
        }
    });
}

/// Every flag of the page is one of the rows, or is known not to be a setting that is printed.
#[test]
fn each_flag_of_the_page_has_a_row() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cloud.md")).unwrap();
    let (_, table) = page.split_once("<!-- settings: begin -->").unwrap();
    let (table, _) = table.split_once("<!-- settings: end -->").unwrap();
    let of_page: Vec<[&str; 3]> = table
        .lines()
        .filter(|line| line.starts_with("| `--"))
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
            [cells[1], cells[2], cells[3]]
        })
        .filter(|[flag, ..]| *flag != "--config.file")
        .collect();
    let rows: Vec<[&str; 3]> = rows().iter().map(|row| [row.flag, row.variable, row.key]).collect();
    for named in &of_page {
        assert!(rows.contains(named), "{named:?} has no row");
    }
    assert_eq!(of_page.len(), rows.len());
}

/// A value that is wrong in the environment is named there also when the flag of another setting is given.
#[test]
fn the_file_is_named_by_flag_or_variable() {
    let scene = Scene::new();
    let (one, other) = (
        scene.file("one.yaml", "pulumi:\n  max-concurrency: 1\n"),
        scene.file("other.yaml", "pulumi:\n  max-concurrency: 2\n"),
    );
    let concurrency = |args: &[&str]| {
        let mut command = scene.sitelog(["config", "print"].iter().chain(args).copied());
        command.env("PULUMI_EXPORTER_CONFIG_FILE", &other);
        let all: Value = serde_json::from_slice(&ended(command).stdout).unwrap();
        all["cloud"]["pulumi"]["max-concurrency"].clone()
    };
    assert_eq!(concurrency(&[]), 2);
    assert_eq!(concurrency(&["--config.file", &one]), 1);
    let mut command = scene.sitelog(["config", "print"]);
    command.env("PULUMI_EXPORTER_CONFIG_FILE", "/no/such/file");
    let ran = ended(command);
    assert_eq!(ran.code, 64);
    assert!(ran.one_line().contains("/no/such/file"), "{}", ran.err());
}

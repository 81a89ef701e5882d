//! Measurements → Markdown tables, one for each scenario.

use std::fs;

use super::results::Row;

/// A column: its heading and what stands in it for a row, given all rows of the scenario.
type Column = (&'static str, fn(&Row, &[&Row]) -> String);

/// Its programs are what others are compared with.
const BARE: &str = "bare job";
const CAT: &str = "raw | cat > file";

/// A scenario: its name in the harness, a heading, its columns.
const SCENARIOS: &[(&str, &str, &[Column])] = &[
    (
        "startup",
        "Startup: `true`",
        &[
            ("wall ms", |row, _| number(row.median("wall_ms"), 1)),
            ("over bare ms", |row, rows| number(over_bare(row, rows), 1)),
            ("CPU ms", |row, _| number(row.median("cpu_ms"), 1)),
            PEAK,
        ],
    ),
    (
        "burst",
        "Burst: as fast as the job can print",
        &[
            LINES,
            JOB,
            ("× bare", |row, rows| number(ratio(row, BARE, rows), 2)),
            ("× cat", |row, rows| number(ratio(row, CAT, rows), 2)),
            ("lines/s", |row, _| number(lines_per_second(row), 0)),
            CPU,
            PEAK,
            DELIVERED,
            DOUBLED,
            ORDER,
            ALL_THERE,
        ],
    ),
    (
        "down",
        "Down: the sink answers 503",
        &[LINES, JOB, CPU, PEAK, TIMED_OUT],
    ),
    (
        "slow",
        "Slow: the sink takes 20 ms a request",
        &[LINES, JOB, CPU, AT_EXIT, DELIVERED, DOUBLED, ALL_THERE],
    ),
    (
        "secrets",
        "Secrets: every 100th line has one",
        &[LINES, DELIVERED, ("secrets at the sink", |row, _| count(row, "leaks"))],
    ),
    (
        "exit",
        "Exit status",
        &[
            ("job exits 7", |row, _| number(row.median("rc7"), 0)),
            ("job dies of SIGTERM", |row, _| number(row.median("rcterm"), 0)),
        ],
    ),
];

const LINES: Column = ("lines", |row, _| number(row.median("lines"), 0));
const JOB: Column = ("job s", |row, _| number(row.median("wall"), 2));
const CPU: Column = ("CPU s/M", |row, _| number(cpu_per_million(row), 2));
const PEAK: Column = ("RSS MiB", |row, _| {
    let peak = [row.median("rss_mb"), row.median("daemon_rss")];
    number(peak.into_iter().flatten().reduce(f64::max), 0)
});
const DELIVERED: Column = ("delivered", |row, _| count(row, "delivered"));
const AT_EXIT: Column = ("at the job's end", |row, _| count(row, "at_exit"));
const DOUBLED: Column = ("doubled", |row, _| count(row, "dup"));
const ORDER: Column = ("out of order", |row, _| count(row, "order_breaks"));
const ALL_THERE: Column = ("all there s", |row, _| {
    number(row.median("drain_s").and(row.sum("wall", "drain_s")), 2)
});
const TIMED_OUT: Column = ("cut short", |row, _| {
    (if row.timed_out() { "yes" } else { "no" }).to_owned()
});

/// All tables, with the machine and the command above them.
pub(crate) fn page(rows: &[Row], options: &[&str]) -> String {
    let command = ["cargo xtask bench run"].iter().chain(options).copied();
    let mut page = format!("{}\n\n`{}`\n", machine(), command.collect::<Vec<_>>().join(" "));
    for (scenario, heading, columns) in SCENARIOS {
        let rows: Vec<&Row> = rows.iter().filter(|row| row.scenario == *scenario).collect();
        if !rows.is_empty() {
            page += &format!("\n### {heading}\n\n{}", table(&rows, columns));
        }
    }
    page
}

fn table(rows: &[&Row], columns: &[Column]) -> String {
    let titles: Vec<&str> = columns.iter().map(|(title, _)| *title).collect();
    let mut table = format!("| program | {} |\n", titles.join(" | "));
    table += &format!("| --- |{}\n", " ---: |".repeat(columns.len()));
    for row in rows {
        let cells: Vec<String> = columns.iter().map(|(_, cell)| cell(row, rows)).collect();
        table += &format!("| {} | {} |\n", row.program.replace('|', "\\|"), cells.join(" | "));
    }
    table
}

/// Cores, processor and kernel: what figures depend on.
fn machine() -> String {
    let field = |file: &str, name: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map(|(_, value)| value.trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(0, |cores| cores.get());
    let processor = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let release = kernel.trim().split('-').next().unwrap_or_default();
    format!("{cores} cores, {processor}, Linux {release}")
}

fn seconds_per_line(row: &Row) -> Option<f64> {
    Some(row.median("wall")? / row.median("lines")?)
}

/// The job's time as a multiple of another program's, for as many lines.
fn ratio(row: &Row, program: &str, rows: &[&Row]) -> Option<f64> {
    let base = rows.iter().find(|base| base.program == program)?;
    Some(seconds_per_line(row)? / seconds_per_line(base)?)
}

fn over_bare(row: &Row, rows: &[&Row]) -> Option<f64> {
    let bare = rows.iter().find(|base| base.program == BARE)?;
    Some(row.median("wall_ms")? - bare.median("wall_ms")?)
}

fn lines_per_second(row: &Row) -> Option<f64> {
    seconds_per_line(row).map(f64::recip)
}

/// CPU seconds of the whole process tree, and of a daemon beside it, per million lines.
fn cpu_per_million(row: &Row) -> Option<f64> {
    Some(row.sum("cpu", "daemon_cpu")? * 1e6 / row.median("lines")?)
}

/// A count at the sink; a program that sends no lines has none.
fn count(row: &Row, field: &str) -> String {
    let sends_lines = row.median("drain_s").is_some() || row.median("delivered").is_some_and(|lines| lines > 0.0);
    number(row.median(field).filter(|_| sends_lines), 0)
}

fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.decimals$}"))
}

#[cfg(test)]
mod tests {
    use super::super::results::parse;
    use super::*;

    const BURST: &str = r#"
{"scenario":"burst","wrapper":"bare job","lines":1000000,"wall":0.2,"cpu":0.1,"rss_mb":2,"delivered":0,"dup":0,"order_breaks":0}
{"scenario":"burst","wrapper":"raw | cat > file","lines":1000000,"wall":0.25,"cpu":0.3,"rss_mb":2,"delivered":0,"dup":0,"order_breaks":0}
{"scenario":"burst","wrapper":"filelog","lines":500000,"wall":0.25,"cpu":0.2,"rss_mb":2,"daemon_cpu":0.9,"daemon_rss":80.4,"drain_s":2.5,"delivered":500000,"dup":0,"order_breaks":12}
"#;

    #[test]
    fn a_burst_is_compared_with_the_bare_job_and_with_cat() {
        let page = page(&parse(BURST.trim()).unwrap(), &["--scenarios", "burst"]);
        assert!(page.contains("`cargo xtask bench run --scenarios burst`"), "{page}");
        let row = "| filelog | 500000 | 0.25 | 2.50 | 2.00 | 2000000 | 2.20 | 80 | 500000 | 0 | 12 | 2.75 |";
        assert!(page.contains(row), "{page}");
        let cat = "| raw \\| cat > file | 1000000 | 0.25 | 1.25 | 1.00 | 4000000 | 0.30 | 2 | – | – | – | – |";
        assert!(page.contains(cat), "{page}");
    }

    #[test]
    fn a_scenario_without_measurements_has_no_table() {
        let page = page(&parse(BURST.trim()).unwrap(), &[]);
        assert_eq!(page.matches("###").count(), 1, "{page}");
    }

    #[test]
    fn startup_is_the_difference_to_the_bare_job() {
        let text = "{\"scenario\":\"startup\",\"wrapper\":\"bare job\",\"wall_ms\":1.5,\"cpu_ms\":1,\"rss_mb\":2}\n\
                    {\"scenario\":\"startup\",\"wrapper\":\"sitelog run\",\"wall_ms\":6.25,\"cpu_ms\":3,\"rss_mb\":9}";
        let page = page(&parse(text).unwrap(), &[]);
        assert!(page.contains("| sitelog run | 6.2 | 4.8 | 3.0 | 9 |"), "{page}");
    }
}

//! Collecting samples, and showing them: as tables for people, as JSON for programs.

use crate::machine;
use crate::servers::{FLOOR, FLOOR_EPOLL, OURS, OURS_EPOLL};
use crate::stats::{Summary, ratio, summary};
use serde_json::{Value, json};
use std::fmt::Write;

/// All samples of one figure of one runtime.
struct Series {
    part: String,
    case: String,
    metric: String,
    runtime: String,
    samples: Vec<f64>,
}

/// What has been measured so far.
#[derive(Default)]
pub struct Results {
    series: Vec<Series>,
    notes: Vec<String>,
}

impl Results {
    /// Adds a sample.
    pub fn add(&mut self, part: &str, case: &str, metric: &str, runtime: &str, value: f64) {
        let known = self.series.iter_mut().find(|series| {
            series.part == part && series.case == case && series.metric == metric && series.runtime == runtime
        });
        match known {
            Some(series) => series.samples.push(value),
            None => self.series.push(Series {
                part: part.to_owned(),
                case: case.to_owned(),
                metric: metric.to_owned(),
                runtime: runtime.to_owned(),
                samples: vec![value],
            }),
        }
    }

    /// Says what could not be measured, and why.
    pub fn note(&mut self, text: String) {
        if !self.notes.contains(&text) {
            eprintln!("note: {text}");
            self.notes.push(text);
        }
    }

    /// Says on standard error how far the part is.
    pub fn progress(&self, part: &str, round: usize, rounds: usize) {
        self.working(&format!("{part}: round {} of {rounds}", round + 1));
    }

    /// Says on standard error what is going on.
    pub fn working(&self, text: &str) {
        eprintln!("{text}");
    }

    /// Prints the tables of one part, one for each case.
    pub fn print(&self, part: &str) {
        for case in self.distinct(|series| (series.part == part).then_some(&series.case)) {
            print!("\n{part}: {case}\n{}", self.table(part, case));
        }
    }

    /// Everything, with the samples.
    pub fn json(&self, rounds: usize) -> Value {
        let series = self.series.iter().map(|series| {
            let Summary { min, median, max } =
                summary(&series.samples).unwrap_or(Summary { min: 0.0, median: 0.0, max: 0.0 });
            json!({
                "part": series.part, "case": series.case, "metric": series.metric, "runtime": series.runtime,
                "median": median, "min": min, "max": max, "samples": series.samples,
            })
        });
        json!({ "machine": machine::describe(), "rounds": rounds, "notes": self.notes, "series": series.collect::<Vec<_>>() })
    }

    /// Rows are runtimes in order of the first figure, columns are figures; ratios are those of the first figure.
    fn table(&self, part: &str, case: &str) -> String {
        let of_case = |series: &&Series| series.part == part && series.case == case;
        let metrics = self.distinct(|series| of_case(&series).then_some(&series.metric));
        let Some((first, others)) = metrics.split_first() else { return String::new() };
        let samples = |runtime: &str, metric: &str| {
            let mut candidates = self.series.iter().filter(of_case);
            let found = candidates.find(|series| series.runtime == runtime && series.metric == metric);
            found.map_or(&[] as &[f64], |series| &series.samples)
        };
        let median =
            |runtime| summary(samples(runtime, first)).map_or(f64::INFINITY, |summary| summary.median);
        let mut runtimes = self.distinct(|series| of_case(&series).then_some(&series.runtime));
        runtimes.sort_by(|a, b| median(a).total_cmp(&median(b)));
        // Those on epoll stand in where the others are not measured.
        let present = |names: [&'static str; 2]| names.into_iter().find(|name| runtimes.contains(name));
        let (floor, ours) = (present([FLOOR, FLOOR_EPOLL]), present([OURS, OURS_EPOLL]));

        let mut columns = vec![Column::new("", &runtimes, |runtime| runtime.to_owned())];
        columns.push(Column::new(first, &runtimes, |runtime| with_range(summary(samples(runtime, first)))));
        if let Some(floor) = floor {
            columns.push(Column::new(&format!("/ {floor}"), &runtimes, |runtime| {
                with_range(ratio(samples(runtime, first), samples(floor, first)))
            }));
        }
        if let Some(ours) = ours {
            columns.push(Column::new("ours / it", &runtimes, |runtime| {
                with_range(ratio(samples(ours, first), samples(runtime, first)))
            }));
        }
        for metric in others {
            columns.push(Column::new(metric, &runtimes, |runtime| alone(summary(samples(runtime, metric)))));
        }
        let mut text = String::new();
        for line in 0..=runtimes.len() {
            let _ = write!(text, "  {:<width$}", columns[0].cells[line], width = columns[0].width);
            for column in &columns[1..] {
                let _ = write!(text, "  {:>width$}", column.cells[line], width = column.width);
            }
            text.push('\n');
        }
        text
    }

    fn distinct<'a>(&'a self, key: impl Fn(&'a Series) -> Option<&'a String>) -> Vec<&'a str> {
        let mut found: Vec<&str> = Vec::new();
        for value in self.series.iter().filter_map(key) {
            if !found.contains(&value.as_str()) {
                found.push(value);
            }
        }
        found
    }
}

/// A title and a cell for each row.
struct Column {
    cells: Vec<String>,
    width: usize,
}

impl Column {
    fn new(title: &str, rows: &[&str], cell: impl Fn(&str) -> String) -> Self {
        let cells: Vec<String> =
            [title.to_owned()].into_iter().chain(rows.iter().map(|row| cell(row))).collect();
        let width = cells.iter().map(String::len).max().unwrap_or(0);
        Self { cells, width }
    }
}

/// `median (min max)`.
fn with_range(summary: Option<Summary>) -> String {
    match summary {
        Some(Summary { min, median, max }) if min < max => {
            format!("{} ({} {})", number(median), number(min), number(max))
        }
        _ => alone(summary),
    }
}

fn alone(summary: Option<Summary>) -> String {
    summary.map_or("-".to_owned(), |summary| number(summary.median))
}

/// Three digits that mean something.
fn number(value: f64) -> String {
    match value.abs() {
        100_000.0.. => format!("{:.0}k", value / 1000.0),
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_compares_ours_with_each() {
        let mut results = Results::default();
        for (runtime, value) in [(OURS, 2.0), ("slow", 4.0), (FLOOR, 1.0)] {
            results.add("echo", "case", "us", runtime, value);
        }
        let table = results.table("echo", "case");
        let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[1], [FLOOR, "1.00", "1.00", "2.00"]);
        assert_eq!(rows[2], [OURS, "2.00", "2.00", "1.00"]);
        assert_eq!(rows[3], ["slow", "4.00", "4.00", "0.50"]);
    }

    #[test]
    fn the_servers_on_epoll_stand_in_for_those_that_are_not_measured() {
        let mut results = Results::default();
        for (runtime, value) in [(OURS_EPOLL, 2.0), ("slow", 4.0), (FLOOR_EPOLL, 1.0)] {
            results.add("echo", "case", "us", runtime, value);
        }
        let table = results.table("echo", "case");
        let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[0], ["us", "/", FLOOR_EPOLL, "ours", "/", "it"]);
        assert_eq!(rows[2], [OURS_EPOLL, "2.00", "2.00", "1.00"]);
        assert_eq!(rows[3], ["slow", "4.00", "4.00", "0.50"]);
    }

    #[test]
    fn numbers_keep_three_digits() {
        assert_eq!(
            ["250k", "1234", "12.3", "1.23"].map(str::to_owned),
            [250_000.0, 1234.0, 12.34, 1.234].map(number)
        );
    }
}

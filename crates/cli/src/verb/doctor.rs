//! `mainspring doctor`: what this machine can and cannot do, and what to change.

mod data;
mod models;
mod programs;

use std::{fmt::Write as _, process::ExitCode};

use mainspring_sandbox::{Finding, Launcher, Status};
use mainspring_types::{Code, Problem};
use serde::Serialize;

use crate::{
    Outcome,
    context::Context,
    output::{Palette, Tone, count, width_of},
};

/// Say what this machine can and cannot do, and what to change
///
/// Looks at isolation and limits, Python and uv, the data folder, its server, and the providers of models. Exit code
/// 6 when something is missing without which nothing runs.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {}

/// Findings about one thing.
#[derive(Serialize)]
struct Section {
    title: &'static str,
    findings: Vec<Finding>,
}

pub(crate) async fn run(Args {}: &Args, context: &Context) -> Outcome {
    let exe = std::env::current_exe()
        .map_err(|error| Problem::new(Code::Internal, "find this program").because(&error))?;
    let sections = [
        Section { title: "isolation and limits", findings: Launcher::probe(exe).findings() },
        Section { title: "python", findings: programs::findings() },
        Section { title: "data folder", findings: data::findings(context).await },
        Section { title: "models", findings: models::findings(context) },
    ];
    context.output.show(&sections, |palette| text(&sections, palette))?;
    let unusable = sections[2].findings.iter().any(|finding| finding.status == Status::Missing);
    Ok(if unusable { ExitCode::from(Code::DataInaccessible.exit_code()) } else { ExitCode::SUCCESS })
}

fn text(sections: &[Section], palette: Palette) -> String {
    let all = || sections.iter().flat_map(|section| &section.findings);
    let width = all().map(|finding| width_of(&finding.name)).max().unwrap_or(0);
    let mut text = String::new();
    for section in sections {
        let _ = writeln!(text, "{}", palette.strong(section.title));
        section.findings.iter().for_each(|finding| text.push_str(&line(finding, width, palette)));
        text.push('\n');
    }
    let weak = all().filter(|finding| finding.status != Status::Ok).count();
    let verdict = match weak {
        0 => palette.paint(Tone::Good, "✓ everything is there"),
        number => format!("{} to look at", count(number as u64, "finding")),
    };
    text + &verdict + "\n"
}

fn line(finding: &Finding, width: usize, palette: Palette) -> String {
    let (mark, tone) = match finding.status {
        Status::Ok => ("✓", Tone::Good),
        Status::Degraded => ("!", Tone::Warn),
        Status::Missing => ("✗", Tone::Bad),
    };
    let pad = " ".repeat(width.saturating_sub(width_of(&finding.name)));
    let mut text = format!("  {} {}{pad}  {}\n", palette.paint(tone, mark), finding.name, finding.detail);
    if let Some(remedy) = &finding.remedy {
        let indent = " ".repeat(width + 4);
        let _ = writeln!(text, "{indent}  {} {remedy}", palette.paint(Tone::Active, "→"));
    }
    text
}

/// A finding of that status.
fn finding(
    name: impl Into<String>,
    status: Status,
    detail: impl Into<String>,
    remedy: Option<&str>,
) -> Finding {
    Finding { name: name.into(), status, detail: detail.into(), remedy: remedy.map(str::to_owned) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_line_up_and_remedies_stand_beneath() {
        let sections = [Section {
            title: "isolation and limits",
            findings: vec![
                finding("process tree", Status::Ok, "PID namespace", None),
                finding(
                    "memory",
                    Status::Degraded,
                    "by address space",
                    Some("run as a user who may make cgroups"),
                ),
                finding("uv", Status::Missing, "not in PATH", None),
            ],
        }];
        insta::assert_snapshot!(text(&sections, Palette::Plain), @"
        isolation and limits
          ✓ process tree  PID namespace
          ! memory        by address space
                          → run as a user who may make cgroups
          ✗ uv            not in PATH

        2 findings to look at
        ");
    }
}

//! The command line: global options and the verbs. Each verb's own arguments lie in its file.

use std::path::PathBuf;

use clap::{
    Args, Parser, Subcommand,
    builder::styling::{AnsiColor, Style, Styles},
};

use crate::{
    output::{ColorChoice, Format},
    verb::{agents, chat, completion, demo, doctor, env, gates, run, runs, serve, sessions, version, why},
};

const STYLES: Styles = Styles::styled()
    .header(Style::new().bold())
    .usage(Style::new().bold())
    .literal(AnsiColor::Cyan.on_default())
    .placeholder(Style::new().dimmed())
    .error(AnsiColor::Red.on_default())
    .valid(AnsiColor::Green.on_default())
    .invalid(AnsiColor::Yellow.on_default());

const AFTER_HELP: &str = "\
First steps:
  mainspring demo                                  see an agent survive kill -9 of everything
  mainspring run ./my-agent add -p a=20 -p b=22    run a method of an agent package
  mainspring chat agent.yaml                       talk with a model agent
  mainspring doctor                                see what this machine can and cannot do

Exit codes:
  0 ok               2 invalid input   4 server error   6 configuration
  1 run failed       3 not allowed     5 unreachable    130 interrupted";

/// Runs AI agents durably: a run survives the death of its agent, its server and its machine.
#[derive(Parser, Debug)]
#[command(name = "mainspring", version, styles = STYLES, max_term_width = 100, after_help = AFTER_HELP)]
#[command(disable_help_subcommand = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

impl Cli {
    /// How the result is written.
    pub(crate) fn format(&self) -> Format {
        if self.global.json { Format::Json } else { self.global.output }
    }
}

/// Options of every verb.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// How the result is written: table, json or yaml; table unless told otherwise
    #[arg(short, long, global = true, value_name = "FORMAT", default_value = "table")]
    #[arg(hide_possible_values = true, hide_default_value = true)]
    pub(crate) output: Format,
    /// Write the result as JSON, like `-o json`
    #[arg(long, global = true, conflicts_with = "output")]
    pub(crate) json: bool,
    /// When to use colour: auto, always or never; `NO_COLOR` turns auto off
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    #[arg(hide_possible_values = true, hide_default_value = true)]
    pub(crate) color: ColorChoice,
    /// The data folder; else `MAINSPRING_HOME`, else ~/.mainspring
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// What can be done.
#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    Demo(demo::Args),
    Run(run::Args),
    Chat(chat::Args),
    #[command(subcommand)]
    Runs(runs::Verb),
    #[command(subcommand)]
    Gates(gates::Verb),
    #[command(subcommand)]
    Sessions(sessions::Verb),
    Why(why::Args),
    Serve(serve::Args),
    #[command(subcommand)]
    Agents(agents::Verb),
    #[command(subcommand)]
    Env(env::Verb),
    Doctor(doctor::Args),
    Completion(completion::Args),
    Version(version::Args),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}

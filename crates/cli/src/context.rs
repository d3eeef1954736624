//! What every verb is given: where output goes, which data folder is meant and what its settings are.

use std::env;

use mainspring_server::{
    config::{Config, Key},
    data::Folder,
};
use mainspring_types::Problem;

use crate::{args::Cli, output::Output};

/// What every verb is given.
pub(crate) struct Context {
    /// Where output goes and how it looks.
    pub(crate) output: Output,
    folder: Result<Folder, Problem>,
}

impl Context {
    /// The context that the command line describes.
    pub(crate) fn new(cli: &Cli) -> Self {
        let global = &cli.global;
        Self {
            output: Output::new(cli.format(), global.color),
            folder: Folder::resolve(global.data.as_deref(), &|name| env::var_os(name)),
        }
    }

    /// The data folder; a verb that needs none never asks.
    pub(crate) fn folder(&self) -> Result<&Folder, Problem> {
        self.folder.as_ref().map_err(Problem::clone)
    }

    /// The settings of the data folder, with these flags over them.
    pub(crate) fn config(&self, flags: &[(Key, String)]) -> Result<Config, Problem> {
        Config::resolve(&self.folder()?.config_file(), &|name| env::var_os(name), flags)
    }
}

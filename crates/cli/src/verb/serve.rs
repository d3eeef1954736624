//! `mainspring serve`: owns a data folder and runs what it is given, until it is told to end.

mod log;

use std::{net::SocketAddr, process::ExitCode};

use mainspring_server::{config::Key, data::Folder};
use serde::Serialize;
use tokio::signal::unix::SignalKind;

use crate::{
    Outcome,
    context::Context,
    listen_for,
    output::Palette,
    stack::{self, Work},
};

/// Serve the HTTP API and run agents until told to end
///
/// Whatever was unfinished when the last server ended, or died, goes on. SIGTERM and Ctrl-C end the server in order:
/// attempts that are live are stopped and taken up again by the next server.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Where to listen [default: 127.0.0.1:7117]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// How many attempts run at once [default: one for each processor, at least 2]
    #[arg(long, value_name = "N")]
    slots: Option<String>,
    /// Which log lines are written: off, error, warn, info, debug or trace [default: info]
    #[arg(long, value_name = "LEVEL")]
    log: Option<String>,
    /// Let install commands of any form run
    #[arg(long)]
    allow_install: bool,
    /// End when nothing has been left to do for a while
    #[arg(long)]
    idle_exit: bool,
    /// Leave the terminal and answer on the control socket alone
    #[arg(long, hide = true, conflicts_with = "listen")]
    background: bool,
}

impl Args {
    fn flags(&self) -> Vec<(Key, String)> {
        let given = [(Key::Listen, &self.listen), (Key::Slots, &self.slots), (Key::Log, &self.log)];
        let install = self.allow_install.then(|| (Key::AllowInstall, "true".to_owned()));
        given.into_iter().filter_map(|(key, value)| Some((key, value.clone()?))).chain(install).collect()
    }
}

pub(crate) async fn run(args: &Args, context: &Context) -> Outcome {
    if args.background {
        // It fails for the leader of a group, which is what a terminal's job is: then there is no terminal to leave.
        let _ = rustix::process::setsid();
    }
    let (folder, config) = (context.folder()?, context.config(&args.flags())?);
    log::start(config.log, context.output.err_palette);
    // Before anything is accepted: a signal from here on ends the server in order.
    let mut terminate = listen_for(SignalKind::terminate())?;
    let mut interrupt = listen_for(SignalKind::interrupt())?;
    let stack = stack::start(folder, &config, "mainspring serve", Work::TakeUp).await?;
    if !args.background {
        let address = match stack.listen(config.listen).await {
            Ok(address) => address,
            Err(problem) => {
                // What the worker has taken in the meantime is handed back.
                stack.shutdown().await;
                return Err(problem.into());
            }
        };
        let serving = Serving::new(folder, address);
        context.output.show(&serving, |palette| serving.text(palette))?;
    }
    tokio::select! {
        _ = terminate.recv() => tracing::info!("told to end"),
        _ = interrupt.recv() => tracing::info!("interrupted"),
        () = stack.idle(config.idle_shutdown), if args.idle_exit => tracing::info!("nothing left to do"),
    }
    stack.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

/// Where a server is found.
#[derive(Serialize)]
struct Serving {
    version: &'static str,
    pid: u32,
    data: String,
    listen: SocketAddr,
    socket: String,
    key_file: String,
}

impl Serving {
    fn new(folder: &Folder, listen: SocketAddr) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            pid: std::process::id(),
            data: folder.root().display().to_string(),
            listen,
            socket: folder.control_socket().display().to_string(),
            key_file: folder.root().join("admin.key").display().to_string(),
        }
    }

    fn text(&self, palette: Palette) -> String {
        let title = palette.strong(&format!("mainspring {} serves {}", self.version, self.data));
        let call = format!(
            "curl -H \"Authorization: Bearer $(cat {})\" http://{}/api/v1/runs",
            self.key_file, self.listen
        );
        let facts = [
            ("http", format!("http://{}", self.listen)),
            ("socket", self.socket.clone()),
            ("key", self.key_file.clone()),
            ("call", call),
        ];
        let lines = facts.map(|(name, value)| format!("  {} {value}", palette.dim(&format!("{name:<7}"))));
        format!("{title}\n{}\n", lines.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_says_how_to_call_it() {
        let folder = Folder::at(std::path::Path::new("/srv/ms")).expect("absolute");
        let listen = mainspring_api::DEFAULT_LISTEN.parse().expect("an address");
        let text = Serving { version: "1.2.3", ..Serving::new(&folder, listen) }.text(Palette::Plain);
        insta::assert_snapshot!(text, @r#"
        mainspring 1.2.3 serves /srv/ms
          http    http://127.0.0.1:7117
          socket  /srv/ms/control.sock
          key     /srv/ms/admin.key
          call    curl -H "Authorization: Bearer $(cat /srv/ms/admin.key)" http://127.0.0.1:7117/api/v1/runs
        "#);
    }
}

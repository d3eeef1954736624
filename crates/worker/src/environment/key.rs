//! The name of an environment: the hash of everything that decides what it holds.

use std::{env::consts, fmt};

use mainspring_types::{Hash, Hasher};

use super::{
    interpreter::Interpreter,
    plan::{Plan, Tree},
    tool::Tool,
};

/// Raised when environments are built in a way that makes the old ones unfit.
const FORMAT: &str = "1";

/// The name of an environment: 32 hexadecimal digits, short enough for a script's first line to name its interpreter.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Key(String);

impl Key {
    /// The name of what `plan` makes with this interpreter and tool from an agent's `tree`.
    pub(super) fn of(plan: &Plan, interpreter: &Interpreter, tool: &Tool, tree: Hash) -> Self {
        let mut hasher = Hasher::new();
        for field in [FORMAT, consts::OS, consts::ARCH, &interpreter.full] {
            hasher.field(field.as_bytes());
        }
        hasher.field(interpreter.path.as_os_str().as_encoded_bytes());
        if !plan.commands.is_empty() {
            hasher.field(tool.name().as_bytes());
            add(&mut hasher, plan, tree);
        }
        Self(hasher.finish().to_hex()[..32].to_owned())
    }

    /// The name of the environment that lies in a folder so called.
    pub(super) fn read(name: &str) -> Option<Self> {
        let digits = name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (name.len() == 32 && digits).then(|| Self(name.to_owned()))
    }

    /// The name as text, which is also the folder's.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn add(hasher: &mut Hasher, plan: &Plan, tree: Hash) {
    let commands = serde_json::to_vec(&plan.commands).expect("commands are plain words");
    hasher.field(&commands);
    for (path, content) in &plan.files {
        hasher.field(path.as_os_str().as_encoded_bytes());
        hasher.field(content);
    }
    if plan.tree == Tree::Installed {
        hasher.field(tree.as_bytes());
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use mainspring_agent::{InstallCommand, Requirements};

    use super::*;
    use crate::environment::settings::AllowInstall;

    fn key(line: &str, tool: &Tool, tree: &[u8]) -> Key {
        let commands = vec![InstallCommand::parse(line).expect(line)];
        let wanted = Requirements { commands, ..Requirements::default() };
        let plan = Plan::of(&wanted, Path::new("/nowhere"), AllowInstall::Recognised).expect("a plan");
        let interpreter = Interpreter { path: "/p".into(), version: (3, 11, 7), full: "3.11.7".into() };
        Key::of(&plan, &interpreter, tool, Hash::of(tree))
    }

    #[test]
    fn only_what_decides_the_content_decides_the_name() {
        let uv = Tool::Uv("/uv".into());
        assert_eq!(key("pip install a", &Tool::Pip, b"1"), key("python -m pip install a", &Tool::Pip, b"2"));
        assert_ne!(key("pip install a", &Tool::Pip, b"1"), key("pip install a", &uv, b"1"));
        assert_ne!(key("pip install -e .", &Tool::Pip, b"1"), key("pip install -e .", &Tool::Pip, b"2"));
        assert_eq!(key("uv venv", &Tool::Pip, b"1"), key("pip install uv", &uv, b"2"), "both are bare");
        let key = key("uv venv", &uv, b"");
        assert_eq!(Key::read(key.as_str()), Some(key));
        assert_eq!(Key::read(".cache"), None);
    }
}

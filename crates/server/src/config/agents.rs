//! The tables `[agents]` and `[web]`: what is laid over every agent that is a model with tools, and the private places
//! that pages may be fetched from.

use mainspring_agent::{BudgetAsk, Overlay, ParsePatternError, Pattern, Toolset, Verdict};
use mainspring_boundary::price::NanoUsd;
use mainspring_types::Problem;
use mainspring_worker::Reach;

use super::{
    fields::{Field, Fields, one_of},
    node::Node,
};

/// As for the definition itself.
const STEPS_MAX: u32 = 1_000;

/// What may stand in the table `[agents]`.
pub const AGENT_FIELDS: &[Field] = &[
    Field {
        name: "model",
        takes: "a provider and a model, such as `openai/gpt-4o-mini`",
        default: "none, a definition has to name its own",
        meaning: "the model of definitions that name none; `LLM_MODEL` stands in its place if it has a provider, too",
    },
    Field {
        name: "approvals",
        takes: "a table of patterns, such as `{shell = \"ask\", \"shell(git push*)\" = \"deny\"}`",
        default: "no line",
        meaning: "which calls are allowed, asked about or denied, beside the lines of the definition; the stricter holds",
    },
    Field {
        name: "deny_toolsets",
        takes: "a list of `shell`, `file_system`, `web`, `python`, `task` and `ask_user`",
        default: "none",
        meaning: "which toolsets no agent has, whatever its definition says",
    },
    Field {
        name: "steps",
        takes: "a whole number from 1 to 1000",
        default: "what the definition says",
        meaning: "how many model calls one turn may make at most",
    },
    Field {
        name: "budget",
        takes: "a table of limits, such as `{tokens = 100000, cost = \"$1.50\", calls = 50}`",
        default: "what the definition says",
        meaning: "what one run may use of its models at most",
    },
];

/// What may stand in the table `[web]`.
pub const WEB_FIELDS: &[Field] = &[Field {
    name: "reach",
    takes: "a list of `HOST:PORT`, such as `[\"127.0.0.1:8080\", \"wiki.internal:443\"]`",
    default: "none, public addresses alone",
    meaning: "which private places `web_fetch` may reach",
}];

/// A line of `agents.approvals`, whose name is a pattern.
const LINE: Field = Field {
    name: "approvals",
    takes: "`allow`, `ask` or `deny`",
    default: "that of the closest other line",
    meaning: "what becomes of the calls that fit",
};

/// What may stand in `agents.budget`.
const LIMITS: &[Field] = &[
    Field {
        name: "tokens",
        takes: "a whole number from 1",
        default: "no limit",
        meaning: "how many tokens of any kind a run may use",
    },
    Field {
        name: "cost",
        takes: "an amount in dollars, such as `\"$1.50\"`",
        default: "no limit",
        meaning: "how much a run may spend",
    },
    Field {
        name: "calls",
        takes: "a whole number from 1",
        default: "no limit",
        meaning: "how many model calls a run may make",
    },
];

/// What the table `agents` lays over every assistant.
pub(super) fn overlay(agents: &Node<'_>) -> Result<Overlay, Problem> {
    let fields = Fields::of(agents, AGENT_FIELDS)?;
    Ok(Overlay {
        model: fields.get("model", |text| text.parse().ok())?,
        approvals: fields.node("approvals").map(approvals).transpose()?.unwrap_or_default(),
        denied_toolsets: fields.words("deny_toolsets", Toolset::WORDS)?.into_iter().collect(),
        steps: fields.get("steps", steps)?,
        budget: fields.node("budget").map(budget).transpose()?.unwrap_or_default(),
        place: None,
    })
}

/// What the table `web` lets pages be fetched from.
pub(super) fn reach(web: &Node<'_>) -> Result<Reach, Problem> {
    let fields = Fields::of(web, WEB_FIELDS)?;
    Ok(Reach { allowed: fields.each("reach", |text| text.parse().ok())? })
}

fn steps(text: &str) -> Option<u32> {
    text.parse().ok().filter(|steps| (1..=STEPS_MAX).contains(steps))
}

fn approvals(table: &Node<'_>) -> Result<Vec<(Pattern, Verdict)>, Problem> {
    let line = |line: &Node<'_>| {
        let pattern = line.name.parse().map_err(|wrong: ParsePatternError| {
            line.problem(format!("`{}`: {wrong}", table.path)).suggest("put the pattern in double quotes")
        })?;
        Ok((pattern, one_of(&LINE, line, Verdict::WORDS)?))
    };
    table.nodes()?.iter().map(line).collect()
}

fn budget(table: &Node<'_>) -> Result<BudgetAsk, Problem> {
    let fields = Fields::of(table, LIMITS)?;
    let amount = |text: &str| text.parse().ok().filter(|amount| *amount > 0);
    Ok(BudgetAsk {
        tokens: fields.get("tokens", amount)?,
        cost: fields
            .get("cost", |text| text.parse().ok().map(|NanoUsd(cost)| cost).filter(|cost| *cost > 0))?,
        calls: fields.get("calls", amount)?,
    })
}

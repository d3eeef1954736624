//! The schema of a definition of steps.

use serde_json::{Value, json};

use super::parts::{about, duration, limits, object, program, text, variables, whole};

pub(super) fn schema() -> Value {
    let own = [
        ("runtime", json!({"description": "What runs the steps.", "enum": ["command", "package"]})),
        (
            "steps",
            json!({"description": "What is done, in order.", "type": "array", "items": step(), "minItems": 1}),
        ),
        ("limits", object("What each attempt may use.", &[], limits())),
        ("env", variables("Variables of every program.")),
        (
            "output",
            json!({"description": "How programs' standard outputs are read.", "enum": ["auto", "json", "text"]}),
        ),
        ("timeout", duration("How long one attempt of a step may take.")),
    ];
    object(
        "Programs and methods, one after the other.",
        &["kind", "name", "steps"],
        about().into_iter().chain(own),
    )
}

fn step() -> Value {
    let retry = object(
        "When a failed attempt is followed by another.",
        &["attempts"],
        [
            ("attempts", whole("How many attempts may fail in all.", 1)),
            ("delay", duration("The wait before the second attempt.")),
            (
                "factor",
                json!({"description": "By how much each wait is longer.", "type": "number", "minimum": 1}),
            ),
            ("max_delay", duration("The longest wait.")),
        ],
    );
    let mut step = object(
        "One step.",
        &["id"],
        [
            ("id", text("The step's name.")),
            ("run", program("The program and its arguments.")),
            ("method", text("The method of the package beside.")),
            ("input", json!({"description": "The step's own input, in place of the run's."})),
            ("env", variables("Variables of its program.")),
            ("retry", retry),
            ("timeout", duration("How long one attempt may take.")),
        ],
    );
    step["oneOf"] = json!([{"required": ["run"]}, {"required": ["method"]}]);
    step
}

//! Which price a model gets, and what a call then costs.

use std::{path::PathBuf, time::Duration};

use super::*;

fn provider(name: &str, place: Place, key: Option<&str>) -> Provider {
    Provider {
        name: name.to_owned(),
        place,
        key: key.map(Into::into),
        models: Vec::new(),
        calls_per_minute: None,
        silence_max: Duration::from_secs(1),
    }
}

fn server(name: &str, key: Option<&str>) -> Provider {
    let place = Place::Server { family: Family::OpenAi, base_url: "http://127.0.0.1:1".to_owned() };
    provider(name, place, key)
}

fn with_file(text: &str) -> Prices {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("prices.toml");
    fs::write(&path, text).expect("written");
    Prices::read(&path).expect("readable")
}

#[test]
fn the_table_that_comes_along_is_readable_dated_and_complete() {
    let prices = Prices::builtin();
    assert_eq!(prices.dated(), "2026-03-01");
    for family in Family::ALL {
        let lines = &prices.0.families[&family];
        assert!(lines.values().all(|price| price.input > 0 && price.cache_read <= price.input), "{family}");
    }
}

#[test]
fn the_longest_pattern_wins() {
    let prices = Prices::builtin();
    let output = |family, model| prices.price(family, model).price.output;
    assert_eq!(output(Family::OpenAi, "gpt-4o-2024-05-13"), 15_000);
    assert_eq!(output(Family::OpenAi, "gpt-4o-2024-08-06"), 10_000);
    assert_eq!(output(Family::OpenAi, "gpt-4o-mini-2024-07-18"), 600);
    assert_eq!(output(Family::OpenAi, "openai/gpt-4o"), 10_000, "as routers name it");
    assert_eq!(output(Family::Gemini, "gemini-2.5-flash-lite"), 400);
    assert_eq!(output(Family::Anthropic, "claude-sonnet-4-5-20250929"), 15_000);
}

#[test]
fn an_unknown_model_costs_what_the_dearest_does() {
    let prices = Prices::builtin();
    let unknown = prices.price(Family::Anthropic, "claude-next");
    assert_eq!(unknown.rule, PriceRule::Estimated);
    assert_eq!(unknown.price, prices.price(Family::Anthropic, "claude-opus-4-1").price);
    let said = with_file("[anthropic]\n\"*\" = { input = 7, output = 8 }");
    assert_eq!(said.price(Family::Anthropic, "claude-next").price.output, 8, "the file says otherwise");
    assert_eq!(said.price(Family::Anthropic, "claude-3-haiku").price.output, 1_250, "a longer pattern stays");
}

#[test]
fn what_is_local_is_free_unless_it_is_listed_by_name() {
    let prices =
        with_file("dated = \"2027-01-01\"\n[providers.farm]\n\"llama*\" = { input = 3, output = 0x10 }");
    assert_eq!(prices.dated(), "2027-01-01");
    let scripted = provider("offline", Place::Scripted { script: PathBuf::new() }, None);
    assert_eq!(prices.price_at(&scripted, Family::Gemini, "gemini-3-pro").rule, PriceRule::Free);
    assert_eq!(prices.price_at(&server("ollama", None), Family::OpenAi, "llama3").rule, PriceRule::Free);
    let farm = prices.price_at(&server("farm", None), Family::OpenAi, "llama3");
    assert_eq!((farm.price.output, farm.rule), (16, PriceRule::Known));
    assert_eq!(prices.price_at(&server("farm", None), Family::OpenAi, "qwen").rule, PriceRule::Free);
    assert_eq!(
        prices.price_at(&server("hosted", Some("k")), Family::OpenAi, "qwen").rule,
        PriceRule::Estimated
    );
}

#[test]
fn no_file_leaves_the_prices_as_they_are_and_a_wrong_one_names_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(Prices::read(&folder.path().join("prices.toml")).is_ok());
    let problem = Prices::read(folder.path()).expect_err("a folder is no file");
    assert!(problem.message.starts_with("read the prices: "), "{problem}");
    assert_eq!(problem.location.expect("a place").file, folder.path().display().to_string());
}

#[test]
fn a_call_costs_each_kind_of_token_at_its_price() {
    let price = Price { input: 3_000, output: 15_000, cache_read: 300, cache_write: 3_750 };
    let usage = Usage {
        input_tokens: 1_000,
        output_tokens: 100,
        cache_read_tokens: 10_000,
        cache_creation_tokens: 10,
    };
    assert_eq!(cost(&price, &usage).to_string(), "$0.0076");
    let endless = Usage { input_tokens: u64::MAX, ..usage };
    assert_eq!(cost(&price, &endless), NanoUsd(u64::MAX), "it never wraps");
}

//! Reading, listing and searching.

use serde_json::json;

use crate::stage::Stage;

#[test]
fn a_file_is_shown_in_numbered_lines() {
    let stage = Stage::new().file("a.txt", "one\r\ntwo\n\nfour");
    let text = stage.said("read_file", &json!({"path": "a.txt"}));
    assert_eq!(text, "     1\tone\n     2\ttwo\n     3\t\n     4\tfour\n");
}

#[test]
fn a_part_says_what_is_left() {
    let stage = Stage::new().file("a.txt", "1\n2\n3\n4\n5\n");
    let text = stage.said("read_file", &json!({"path": "a.txt", "offset": 2, "limit": 2}));
    assert_eq!(text, "     2\t2\n     3\t3\n[lines 2-3 of 5, 10 bytes; go on with `offset: 4`]\n");
    let past = stage.complaint("read_file", &json!({"path": "a.txt", "offset": 6}));
    assert_eq!(past, "`a.txt` has 5 lines, so line 6 is past its end");
}

#[test]
fn binary_files_empty_ones_and_folders_are_told_in_words() {
    let stage = Stage::new().file("p", b"\x89PNG\r\n").file("b", b"a\0b").file("e", "").file("d/x", "");
    let said = |path: &str| stage.complaint("read_file", &json!({ "path": path }));
    assert_eq!(said("p"), "`p` is a PNG image of 6 bytes, which cannot be shown as text");
    assert_eq!(said("b"), "`b` is a binary file of 3 bytes, which cannot be shown as text");
    assert_eq!(said("d"), "`d` is a folder and no file");
    assert_eq!(said("."), "`.` is a folder and no file");
    assert_eq!(stage.said("read_file", &json!({"path": "e"})), "[`e` is empty]");
}

#[test]
fn what_is_no_utf_8_is_shown_and_said() {
    let stage = Stage::new().file("a", b"caf\xe9\n");
    let text = stage.said("read_file", &json!({"path": "a"}));
    assert_eq!(text, "     1\tcaf\u{fffd}\n[bytes that are not UTF-8 are shown as \u{fffd}]\n");
}

#[test]
fn huge_files_and_endless_lines_are_bounded() {
    let stage = Stage::new().file("line", "x".repeat(3_000_000));
    let text = stage.said("read_file", &json!({"path": "line"}));
    assert!(text.len() < 2_100 && text.ends_with("x [the line has 3000000 bytes]\n"), "{} bytes", text.len());
    let sparse = std::fs::File::create(stage.path("sparse")).expect("the file is new");
    sparse.set_len(1 << 40).expect("the file system knows sparse files");
    assert!(stage.complaint("read_file", &json!({"path": "sparse"})).contains("of 1099511627776 bytes"));
    let stage = stage.file("many", "line\n".repeat(100_000));
    let text = stage.said("read_file", &json!({"path": "many"}));
    assert!(text.ends_with("[lines 1-2000 of 100000, 500000 bytes; go on with `offset: 2001`]\n"));
}

#[test]
fn a_missing_file_is_answered_with_what_is_near() {
    let stage = Stage::new().file("src/main.rs", "").file("src/lib/README.md", "").file("docs/a", "");
    let said = |path: &str| stage.complaint("read_file", &json!({ "path": path }));
    assert_eq!(said("src/mian.rs"), "`src/mian.rs` does not exist; did you mean `src/main.rs`?");
    assert_eq!(said("SRC/main.rs"), "`SRC/main.rs` does not exist; did you mean `src`?");
    assert_eq!(
        said("src/lib/readme.md"),
        "`src/lib/readme.md` does not exist; did you mean `src/lib/README.md`?"
    );
    assert_eq!(said("main.rs"), "`main.rs` does not exist; that name is at `src/main.rs`");
    assert_eq!(said("nothing/alike"), "`nothing/alike` does not exist; the folder `.` holds `docs`, `src`");
}

#[test]
fn arguments_that_do_not_fit_are_told() {
    let stage = Stage::new();
    assert_eq!(
        stage.complaint("read_file", &json!({"file": "a"})),
        "the arguments of `read_file` do not fit: unknown field `file`, expected one of `path`, `offset`, `limit`; \
         it takes `path` and, if you like, `offset` (the first line, from 1) and `limit` (lines)"
    );
}

#[test]
fn a_folder_is_listed_by_name() {
    let stage = Stage::new().file("b", "").file("a/deep", "").file(".git/HEAD", "").link("l", "b");
    assert_eq!(stage.said("list_files", &json!({})), ".git/\na/\nb\nl -> b");
    assert_eq!(stage.said("list_files", &json!({"path": ".git"})), ".git/HEAD");
}

#[test]
fn a_pattern_is_looked_for_below_but_not_in_what_nobody_means() {
    let stage = Stage::new()
        .file("src/a.rs", "")
        .file("src/b/c.rs", "")
        .file("x.rs", "")
        .file("node_modules/m/m.rs", "");
    assert_eq!(
        stage.said("list_files", &json!({"pattern": "**/*.rs"})),
        "src/a.rs\nsrc/b/c.rs\nx.rs\n[not looked into: `node_modules/`; name it in `path` to do so]"
    );
    assert_eq!(stage.said("list_files", &json!({"path": "src", "pattern": "*/*.rs"})), "src/b/c.rs");
    assert_eq!(stage.said("list_files", &json!({"pattern": "node_modules/**/*.rs"})), "node_modules/m/m.rs");
    let nothing = stage.said("list_files", &json!({"path": "src", "pattern": "*.py"}));
    assert_eq!(nothing, "[nothing fits in `src`]");
}

#[test]
fn a_long_list_says_what_it_leaves_out() {
    let mut stage = Stage::new();
    for number in 0..1_003 {
        stage = stage.file(&format!("{number:04}"), "");
    }
    let text = stage.said("list_files", &json!({}));
    assert_eq!(text.lines().next(), Some("0000"));
    assert!(text.ends_with("0999\n[3 more are not shown; narrow it with `path` or `pattern`]"));
}

#[test]
fn lines_that_match_are_found_with_their_places() {
    let stage = Stage::new()
        .file("a.rs", "fn one() {}\nfn two() {}\n")
        .file("b/c.rs", "// one\n")
        .file("d.txt", "one\n")
        .file("bin", b"one\0");
    let said = |arguments| stage.said("search_files", &arguments);
    assert_eq!(said(json!({"pattern": r"\bone\b"})), "a.rs:1: fn one() {}\nb/c.rs:1: // one\nd.txt:1: one\n");
    assert_eq!(said(json!({"pattern": "one", "glob": "*.rs", "path": "b"})), "b/c.rs:1: // one\n");
    assert_eq!(said(json!({"pattern": "two", "path": "a.rs"})), "a.rs:2: fn two() {}\n");
    assert_eq!(said(json!({"pattern": "three"})), "[no line matches in 3 files]\n");
    assert_eq!(said(json!({"pattern": "^$", "path": "a.rs"})), "[no line matches in 1 files]\n");
}

#[test]
fn a_search_is_bounded_and_shows_the_part_that_matches() {
    let long = format!("{}needle{}", "x".repeat(10_000), "y".repeat(10_000));
    let stage = Stage::new().file("long", long).file("many", "m\n".repeat(501));
    let text = stage.said("search_files", &json!({"pattern": "needle"}));
    assert!(text.contains("xneedley") && text.len() < 330, "{text}");
    let text = stage.said("search_files", &json!({"pattern": "^m$"}));
    assert!(text.ends_with("[more than 500 lines match; narrow it with `path` or `glob`]\n"));
}

#[test]
fn an_expression_that_cannot_be_used_is_told() {
    let stage = Stage::new();
    let text = stage.complaint("search_files", &json!({"pattern": "run("}));
    assert!(text.ends_with(r"to search for it as it is, write `run\(`"), "{text}");
    let text = stage.complaint("search_files", &json!({"pattern": "(a{1000}){1000}"}));
    assert!(text.contains("exceeds size limit"), "{text}");
}

//! The walls of the house: floors, circles, who may name whom, and how large files and functions grow.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The floors of `src/`, from the ground up. A module imports from its own and from those before it.
const FLOORS: [&str; 19] = [
    "world",
    "sync",
    "span",
    "path",
    "exit",
    "spec",
    "topology",
    "mailbox",
    "descriptor",
    "snapshot",
    "actor",
    "supervisor",
    "router",
    "system",
    "inspect",
    "swarm",
    "capsule",
    "testing",
    "guide",
];

/// Which foreign crates only some files may name, and which those are.
const WALLS: [(&str, &[&str]); 6] = [
    ("ractor", &["src/supervisor/", "src/lib.rs"]),
    ("axum", &["actors/console/"]),
    ("serde_json", &["actors/console/", "examples/airline/", "src/actor/capsule.rs"]),
    ("loom", &["src/sync.rs", "src/actor/model.rs", "src/actor/drive.rs", "src/actor/waits.rs"]),
    ("rusqlite", &["actors/"]),
    (
        "proptest",
        &[
            "src/supervisor/rules/chaos.rs",
            "src/mailbox/tests.rs",
            "src/topology/graph/chaos.rs",
            "src/topology/liveness/oracle.rs",
            "actors/src/agents/chaos.rs",
        ],
    ),
];

const LINES_LIMIT: usize = 500;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(below: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect(&root().join(below), &mut found);
    found.sort();
    found
}

fn collect(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name != "target" && name != "ui" {
                collect(&path, found);
            }
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

fn runtime_files() -> Vec<(String, String)> {
    let files = rust_files("src");
    files.into_iter().filter(|(name, _)| !name.starts_with("src/macros/")).collect()
}

/// The code of a file: no comments, nothing after the first line that begins its tests.
fn code(text: &str) -> String {
    let until = text.find("\n#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let lines = text.get(..until).unwrap_or(text).lines();
    let lines = lines.map(|line| line.split("//").next().unwrap_or("").replace("pub(in crate::", "pub(in "));
    lines.collect::<Vec<_>>().join("\n")
}

/// The module of a file, as `actor::cell`.
fn module(file: &str) -> String {
    file.trim_start_matches("src/").trim_end_matches(".rs").replace('/', "::")
}

/// Every `crate::a::b` that a file's code names, cut to modules that exist.
fn imports(text: &str, modules: &BTreeSet<String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for part in code(text).split("crate::").skip(1) {
        let path: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == ':').collect();
        let names: Vec<&str> = path.split("::").filter(|name| !name.is_empty()).collect();
        let longest = (1..=names.len()).rev().map(|n| names[..n].join("::")).find(|path| modules.contains(path));
        if path.ends_with("::") && part[path.len()..].starts_with('{') {
            let inner = part[path.len() + 1..].split('}').next().unwrap_or("");
            for name in inner.split(',').map(str::trim) {
                let name: String = name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let full = format!("{}::{name}", names.join("::"));
                found.extend(modules.contains(&full).then_some(full));
            }
        }
        found.extend(longest);
    }
    found
}

fn modules() -> (Vec<(String, String)>, BTreeSet<String>) {
    let files = runtime_files();
    let modules = files.iter().map(|(name, _)| module(name)).collect();
    (files, modules)
}

#[test]
fn imports_run_down_the_floors() {
    let (files, modules) = modules();
    let floor = |name: &str| FLOORS.iter().position(|floor| *floor == name);
    let mut wrong = Vec::new();
    for (file, text) in &files {
        let own = module(file);
        if own == "lib" {
            continue;
        }
        let own_floor = own.split("::").next().unwrap_or("");
        let at = floor(own_floor).unwrap_or_else(|| panic!("{file} stands on no floor; add it to FLOORS"));
        for import in imports(text, &modules) {
            let target = import.split("::").next().unwrap_or("");
            if target != own_floor && floor(target).is_none_or(|below| below >= at) {
                wrong.push(format!("{file} imports upwards: crate::{import}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn others(own: &str, mut imports: BTreeSet<String>) -> BTreeSet<String> {
    imports.remove(own);
    imports
}

#[test]
fn no_file_stands_in_a_circle_of_imports() {
    let (files, modules) = modules();
    let graph: BTreeMap<String, BTreeSet<String>> =
        files.iter().map(|(file, text)| (module(file), others(&module(file), imports(text, &modules)))).collect();
    for start in graph.keys().filter(|name| *name != "lib") {
        let mut seen = BTreeSet::new();
        let mut open = vec![vec![start.clone()]];
        while let Some(path) = open.pop() {
            for next in graph.get(path.last().unwrap()).into_iter().flatten() {
                assert!(next != start, "a circle: {} -> {next}", path.join(" -> "));
                if seen.insert(next.clone()) {
                    open.push(path.iter().cloned().chain([next.clone()]).collect());
                }
            }
        }
    }
}

#[test]
fn nobody_imports_through_the_parent_or_the_root() {
    let mut wrong = Vec::new();
    for (file, text) in rust_files("src").into_iter().chain(rust_files("actors")) {
        for (at, line) in code(&text).lines().enumerate() {
            let through_root = line.contains("use crate::{") || line.contains("use crate::*");
            if line.contains("super::") || through_root {
                wrong.push(format!("{file}:{}: {}", at + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "import from the file that defines:\n{}", wrong.join("\n"));
}

#[test]
fn foreign_crates_stay_behind_their_walls() {
    let mut wrong = Vec::new();
    let files = ["src", "actors", "examples"].into_iter().flat_map(rust_files);
    for (file, text) in files.filter(|(file, _)| !file.starts_with("src/macros/")) {
        for (name, allowed) in WALLS {
            let named = code(&text).match_indices(&format!("{name}::")).any(|(at, _)| {
                let before = code(&text)[..at].chars().last();
                !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
            });
            let example = name == "ractor" && file == "examples/legacy.rs";
            if named && !example && !allowed.iter().any(|place| file.starts_with(place)) {
                wrong.push(format!("{file} names {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_root_defines_nothing() {
    let text = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let definitions = ["fn ", "struct ", "enum ", "trait ", "impl ", "const ", "static ", "type ", "macro_rules"];
    for line in code(&text).lines() {
        let line = line.trim().trim_start_matches("pub ").trim_start_matches("pub(crate) ");
        assert!(!definitions.iter().any(|word| line.starts_with(word)), "lib.rs defines: {line}");
    }
}

#[test]
fn files_are_split_before_they_grow_long() {
    let files = ["src", "actors", "examples", "tests"].into_iter().flat_map(rust_files);
    let long: Vec<String> = files
        .map(|(file, text)| (file, text.lines().count()))
        .filter(|(_, lines)| *lines > LINES_LIMIT)
        .map(|(file, lines)| format!("{file}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn the_readme_names_every_example() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for entry in fs::read_dir(root().join("examples")).unwrap().flatten() {
        let path = entry.path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let is_example = path.join("main.rs").exists() || path.extension().is_some_and(|ending| ending == "rs");
        assert!(
            !is_example || readme.contains(&format!("\n| `{name}` |")),
            "README.md does not name the example {name}"
        );
    }
}

#[test]
fn unsafe_code_is_forbidden_everywhere() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(manifest.contains("unsafe_code = \"forbid\""));
    for package in ["src/macros", "actors", "actors/console"] {
        let manifest = fs::read_to_string(root().join(package).join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[lints]\nworkspace = true"), "{package} does not inherit the lint table");
    }
}

#[test]
fn the_visible_top_level_is_fixed() {
    let expected = ["Cargo.lock", "Cargo.toml", "README.md", "actors", "benches", "examples", "src", "target", "tests"];
    for entry in fs::read_dir(root()).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        assert!(name.starts_with('.') || expected.contains(&name.as_str()), "{name} stands at the top level");
    }
}

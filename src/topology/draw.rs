//! A layout as text: a tree with the verdict, and its edges for Graphviz and for Mermaid.

use std::fmt;
use std::fmt::Write as _;

use crate::topology::count;
use crate::topology::layout::Layout;
use crate::topology::rank::EdgeKind;
use crate::topology::tree::{Branch, Node};

/// How many children of one supervisor are printed; of more, those in the middle are counted.
const PRINTED: usize = 16;

impl Layout {
    /// Its edges in Graphviz's DOT language, one line each: a mesh of n members has n·(n−1) of them.
    #[must_use]
    pub fn dot(&self) -> String {
        let mut text = format!("digraph \"{}\" {{\n", self.shape());
        for member in self.members() {
            let name = member.name.replace('\\', "\\\\").replace('"', "\\\"");
            let _ = writeln!(text, "  {} [label=\"{name}\"];", member.rank);
        }
        for edge in self.edges() {
            let _ = writeln!(text, "  {} -> {} [label=\"{}\"{}];", edge.from, edge.to, edge.kind, style(edge.kind));
        }
        text.push_str("}\n");
        text
    }

    /// Its edges as a Mermaid flowchart, one line each: a mesh of n members has n·(n−1) of them.
    #[must_use]
    pub fn mermaid(&self) -> String {
        let mut text = String::from("flowchart LR\n");
        for member in self.members() {
            let name = member.name.replace('&', "&amp;").replace('"', "&quot;");
            let _ = writeln!(text, "  m{}[\"{name}\"]", member.rank);
        }
        for edge in self.edges() {
            let arrow = match edge.kind {
                EdgeKind::Wait => "-->",
                EdgeKind::Ask => "==>",
                EdgeKind::Shed | EdgeKind::Credit => "-.->",
            };
            let _ = writeln!(text, "  m{} {arrow}|{}| m{}", edge.from, edge.kind, edge.to);
        }
        text
    }

    fn branch(&self, f: &mut fmt::Formatter<'_>, branch: &Branch, margin: &str) -> fmt::Result {
        let all = branch.children.len();
        let left_out = if all > PRINTED { PRINTED / 2..all - 1 } else { all..all };
        for (at, child) in branch.children.iter().enumerate() {
            if left_out.contains(&at) {
                if at == left_out.start {
                    writeln!(f, "{margin}├── ... {} more ...", left_out.len())?;
                }
                continue;
            }
            let (fork, deeper) = if at + 1 == all { ("└── ", "    ") } else { ("├── ", "│   ") };
            match child {
                Node::Member(rank) => {
                    let path = self.members().get(rank.index()).map_or("", |member| member.name.as_str());
                    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
                    writeln!(f, "{margin}{fork}{name}")?;
                }
                Node::Branch(branch) => {
                    writeln!(f, "{margin}{fork}{} ({}): {}", branch.name, branch.strategy.name(), branch.why)?;
                    self.branch(f, branch, &format!("{margin}{deeper}"))?;
                }
            }
        }
        Ok(())
    }

    fn bounds(&self) -> String {
        let members = self.members();
        let least = members.iter().map(|member| member.mailbox).min().unwrap_or(0);
        let most = members.iter().map(|member| member.mailbox).max().unwrap_or(0);
        let mailbox = if least == most { least.to_string() } else { format!("{least} to {most}") };
        let in_flight = self.in_flight().map_or("any number of".to_owned(), |messages| format!("at most {messages}"));
        let (now, cap) = (members.len(), self.max_agents());
        format!("{now} of at most {cap} members; mailboxes of {mailbox}; {in_flight} messages under way")
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.shape(), self.bounds())?;
        let tree = self.tree();
        let (restarts, period) = (tree.intensity.restarts, humantime::format_duration(tree.intensity.period));
        writeln!(f, "swarm ({}, {restarts} restarts in {period}): {}", tree.strategy.name(), tree.why)?;
        self.branch(f, tree, "")?;
        let counts = count::edges(&self.plan);
        let counts: Vec<String> = counts.into_iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        writeln!(f, "edges: {}", if counts.is_empty() { "none".to_owned() } else { counts.join(", ") })?;
        match self.check(&[]) {
            Ok(liveness) => writeln!(f, "liveness: {liveness}"),
            Err(wedge) => writeln!(f, "liveness: {wedge}"),
        }
    }
}

/// Edges along which nobody waits are drawn apart from those along which somebody may.
fn style(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::Wait => "",
        EdgeKind::Ask => ", style=bold",
        EdgeKind::Shed => ", style=dotted",
        EdgeKind::Credit => ", style=dashed",
    }
}

//! The lane table: every queue between two threads of the engine is declared here and nowhere else.
//!
//! `docs/dataflow.md` is generated from this table; a test fails when they differ.

use std::fmt::Write as _;

/// What a producer does when the lane has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFull {
    /// Waits, for a bounded time.
    Block,
    /// The message is refused and counted; the producer goes on.
    Reject,
    /// The newest message replaces the one that waits.
    Coalesce,
}

/// How messages are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaneKind {
    /// In order, each delivered once.
    Queue,
    /// Only the newest counts: a triple buffer.
    Latest,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Lane {
    /// Name, as in metrics and `inspect`.
    pub name: &'static str,
    /// The message's type.
    pub message: &'static str,
    /// Thread that sends.
    pub producer: &'static str,
    /// Thread that receives.
    pub consumer: &'static str,
    /// In order or newest only.
    pub kind: LaneKind,
    /// Messages that fit.
    pub capacity: usize,
    /// What happens to one more.
    pub when_full: WhenFull,
}

/// Every lane of the engine.
pub const LANES: &[Lane] = &[
    Lane {
        name: "ticks",
        message: "TickDone",
        producer: "tick",
        consumer: "render",
        kind: LaneKind::Queue,
        capacity: crate::limits::TICKS_IN_FLIGHT,
        when_full: WhenFull::Reject,
    },
    Lane {
        name: "buffers",
        message: "bytes of one exchange buffer",
        producer: "tick",
        consumer: "render",
        kind: LaneKind::Latest,
        capacity: 3,
        when_full: WhenFull::Coalesce,
    },
    Lane {
        name: "layout",
        message: "SurfaceRect records",
        producer: "tick",
        consumer: "render",
        kind: LaneKind::Latest,
        capacity: 3,
        when_full: WhenFull::Coalesce,
    },
    Lane {
        name: "page-frames",
        message: "PageFrame",
        producer: "page",
        consumer: "render",
        kind: LaneKind::Latest,
        capacity: 3,
        when_full: WhenFull::Coalesce,
    },
    Lane {
        name: "page-commands",
        message: "Command",
        producer: "main",
        consumer: "page",
        kind: LaneKind::Queue,
        capacity: wasm_engine_page::limits::MAX_QUEUED_COMMANDS,
        when_full: WhenFull::Reject,
    },
    Lane {
        name: "page-size",
        message: "Resize",
        producer: "main",
        consumer: "page",
        kind: LaneKind::Latest,
        capacity: 1,
        when_full: WhenFull::Coalesce,
    },
    Lane {
        name: "page-events",
        message: "PageEvent: what the page says",
        producer: "page",
        consumer: "monitor",
        kind: LaneKind::Queue,
        capacity: wasm_engine_page::limits::MAX_QUEUED_EVENTS,
        when_full: WhenFull::Reject,
    },
    Lane {
        name: "page-states",
        message: "PageEvent: how the page is, one of each kind",
        producer: "page",
        consumer: "monitor",
        kind: LaneKind::Latest,
        capacity: 5,
        when_full: WhenFull::Coalesce,
    },
    Lane {
        name: "page-wishes",
        message: "Wish",
        producer: "page",
        consumer: "main",
        kind: LaneKind::Latest,
        capacity: 1,
        when_full: WhenFull::Coalesce,
    },
    Lane {
        name: "page-messages",
        message: "PageMessage: events",
        producer: "io",
        consumer: "tick",
        kind: LaneKind::Queue,
        capacity: wasm_engine_page::bridge::limits::INBOX_MESSAGES,
        when_full: WhenFull::Reject,
    },
    Lane {
        name: "page-params",
        message: "PageMessage: one value for each parameter",
        producer: "io",
        consumer: "tick",
        kind: LaneKind::Latest,
        capacity: wasm_engine_page::bridge::limits::MAX_PARAMS,
        when_full: WhenFull::Reject,
    },
    Lane {
        name: "page-layout",
        message: "LayoutReport",
        producer: "io",
        consumer: "tick",
        kind: LaneKind::Latest,
        capacity: 1,
        when_full: WhenFull::Coalesce,
    },
    Lane {
        name: "page-topics",
        message: "Payload: the newest of each topic",
        producer: "monitor",
        consumer: "io",
        kind: LaneKind::Latest,
        capacity: wasm_engine_page::bridge::limits::RETAINED_TOPICS,
        when_full: WhenFull::Reject,
    },
    Lane {
        name: "guest-events",
        message: "Payload",
        producer: "tick",
        consumer: "io",
        kind: LaneKind::Queue,
        capacity: wasm_engine_page::bridge::limits::OUTBOX_EVENTS,
        when_full: WhenFull::Reject,
    },
    Lane {
        name: "params",
        message: "ParamValue: one for each parameter",
        producer: "tick",
        consumer: "io",
        kind: LaneKind::Latest,
        capacity: wasm_engine_page::bridge::limits::MAX_PARAMS,
        when_full: WhenFull::Reject,
    },
    Lane {
        name: "pointer",
        message: "Pointer",
        producer: "main",
        consumer: "tick",
        kind: LaneKind::Latest,
        capacity: 1,
        when_full: WhenFull::Coalesce,
    },
    Lane {
        name: "record",
        message: "(u64, Picture)",
        producer: "render",
        consumer: "record",
        kind: LaneKind::Queue,
        capacity: crate::limits::RECORD_QUEUE,
        when_full: WhenFull::Block,
    },
    Lane {
        name: "panel-state",
        message: "Update",
        producer: "monitor",
        consumer: "panel",
        kind: LaneKind::Latest,
        capacity: 1,
        when_full: WhenFull::Coalesce,
    },
    Lane {
        name: "panel-asks",
        message: "Ask",
        producer: "panel",
        consumer: "tick",
        kind: LaneKind::Queue,
        capacity: wasm_engine_serve::limits::ASKS_WAITING,
        when_full: WhenFull::Reject,
    },
];

/// The table as a page of documentation: a diagram and the rows.
#[must_use]
pub fn dataflow_markdown() -> String {
    let mut out = String::from(
        "# Data flow\n\nEvery queue between two threads of the engine. Written from the table in `crates/engine/src/lanes.rs`; a test keeps the two equal.\n\n```mermaid\nflowchart LR\n",
    );
    for lane in LANES {
        let _ = writeln!(out, "    {} -->|{}| {}", lane.producer, lane.name, lane.consumer);
    }
    out.push_str("```\n\n| lane | message | from | to | kind | capacity | when full |\n|---|---|---|---|---|---|---|\n");
    for lane in LANES {
        let kind = match lane.kind {
            LaneKind::Queue => "queue",
            LaneKind::Latest => "latest",
        };
        let when_full = match lane.when_full {
            WhenFull::Block => "block",
            WhenFull::Reject => "reject",
            WhenFull::Coalesce => "coalesce",
        };
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {} | {kind} | {} | {when_full} |",
            lane.name, lane.message, lane.producer, lane.consumer, lane.capacity
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documentation_matches_the_table() {
        let path = "../../docs/dataflow.md";
        if std::env::var_os("WASM_ENGINE_BLESS").is_some() {
            std::fs::write(path, dataflow_markdown()).unwrap();
        }
        assert_eq!(
            std::fs::read_to_string(path).unwrap(),
            dataflow_markdown(),
            "run with WASM_ENGINE_BLESS=1 to write docs/dataflow.md anew"
        );
    }

    #[test]
    fn names_are_unique() {
        for (i, lane) in LANES.iter().enumerate() {
            assert!(LANES[i + 1..].iter().all(|other| other.name != lane.name), "{}", lane.name);
        }
    }
}

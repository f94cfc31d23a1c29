//! Events that may change the content of a dashboard.

/// Prefixes, up to the point, of the types of events that change no panel: no panel reads their
/// rooms. A wrong entry would leave a dashboard outdated, a missing one only costs a query.
const UNRELATED_EVENT_PREFIXES: &[&str] = &[
    "api_key",
    "attachment",
    "credit_note",
    "exchange",
    "export_schedule",
    "file",
    "integration",
    "invoice",
    "legal_entity",
    "member",
    "node_tags",
    "note",
    "number_pattern",
    "paper",
    "role",
    "saved_view",
    "saved_view_schedule",
    "webhook",
];

/// Whether a dashboard may show something else after an event of this type.
#[must_use]
pub fn changes_dashboard(event_type: &str) -> bool {
    let noun = event_type.split_once('.').map_or(event_type, |(noun, _)| noun);
    !UNRELATED_EVENT_PREFIXES.contains(&noun)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_panel_is_made_of_changes_none() {
        for related in ["order.created", "stock.changed", "exchange_rate.set", "alert.opened", "something.new"] {
            assert!(changes_dashboard(related), "{related}");
        }
        for unrelated in ["saved_view.updated", "exchange.finished", "role.created", "webhook.tested"] {
            assert!(!changes_dashboard(unrelated), "{unrelated}");
        }
    }
}

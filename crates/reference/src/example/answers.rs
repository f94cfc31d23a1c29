//! The answers of examples, as the test that sends them has recorded them.

use std::{collections::BTreeMap, sync::LazyLock};

/// `tests/servers/process/docs.rs` compares it with a server's answers, and writes it in a run with
/// ENTREPOT_GOLDEN=write.
static RECORDED_ANSWERS: LazyLock<BTreeMap<&str, Answer>> = LazyLock::new(|| by_title(include_str!("../../assets/answers.txt")));

/// The recorded answer of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The answer in JSON, with placeholders for values that vary. Empty for a stream that has sent
    /// nothing.
    pub text: &'static str,
    /// Whether the call was refused because the recorded shop was in another state than it needs.
    pub is_refused: bool,
}

/// The answer below a title, as `Query.orders` or, of a dry run, `Mutation.orderCreate dry`. `None` if none is recorded.
pub(super) fn recorded_answer(title: &str) -> Option<Answer> {
    RECORDED_ANSWERS.get(title).copied()
}

/// Blocks that begin with a line of `# ` and a title, behind which `refused` may be. No line of an answer begins so.
fn by_title(text: &'static str) -> BTreeMap<&'static str, Answer> {
    let Some(text) = text.strip_prefix("# ") else { return BTreeMap::new() };
    let blocks = text.split("\n# ").filter_map(|block| block.split_once('\n'));
    blocks
        .map(|(head, text)| {
            let (title, is_refused) = head.strip_suffix(" refused").map_or((head, false), |title| (title, true));
            (title, Answer { text: text.trim(), is_refused })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_found_by_their_titles() {
        let found =
            by_title("# Mutation.a dry refused\n{ \"data\": null }\n\n# Query.b\n{\n  \"data\": 1\n}\n\n# Subscription.c\n\n");
        let titles: Vec<_> = found.keys().copied().collect();
        assert_eq!(titles, ["Mutation.a dry", "Query.b", "Subscription.c"]);
        assert_eq!(found["Mutation.a dry"], Answer { text: "{ \"data\": null }", is_refused: true });
        assert_eq!(found["Query.b"], Answer { text: "{\n  \"data\": 1\n}", is_refused: false });
        assert_eq!(found["Subscription.c"].text, "");
        assert_eq!(by_title(""), BTreeMap::new());
    }
}

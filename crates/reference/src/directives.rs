//! Directives of a field or type: permission, cost, events, deprecation.

use async_graphql_parser::types::ConstDirective;

/// The directives of one place.
#[derive(Debug)]
pub(crate) struct Directives(Vec<ConstDirective>);

/// Callers that are permitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Access {
    /// Without a token, too.
    Public,
    /// With any token.
    Authenticated,
    /// With this permission.
    Requires(String),
    /// No directive defines it.
    Unsaid,
}

/// `@listSize`: how many objects are counted for the cost.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ListSize {
    /// Number of objects if no argument sets one.
    pub(crate) assumed: Option<i64>,
    /// Arguments that set the number; the largest counts.
    pub(crate) arguments: Vec<String>,
}

/// Seconds for which a confirmed password or code is enough, unless `@stepUp` sets another number.
const STEP_UP_SECONDS: i64 = 600;

impl Directives {
    pub(crate) fn new(directives: Vec<ConstDirective>) -> Self {
        Self(directives)
    }

    fn find(&self, name: &str) -> Option<&ConstDirective> {
        self.0.iter().find(|directive| directive.name.node == name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// A text of a directive's argument.
    fn text(&self, directive: &str, argument: &str) -> Option<String> {
        let value = self.find(directive)?.get_argument(argument)?.node.clone().into_json().ok()?;
        value.as_str().map(str::to_owned)
    }

    /// A list of texts of a directive's argument; empty if it is not there.
    fn texts(&self, directive: &str, argument: &str) -> Vec<String> {
        let value = self.find(directive).and_then(|invocation| invocation.get_argument(argument)?.node.clone().into_json().ok());
        let items = value.as_ref().and_then(|value| value.as_array());
        items.into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect()
    }

    fn number(&self, directive: &str, argument: &str) -> Option<i64> {
        self.find(directive)?.get_argument(argument)?.node.clone().into_json().ok()?.as_i64()
    }

    pub(crate) fn access(&self) -> Access {
        match self.text("requires", "permission") {
            Some(permission) => Access::Requires(permission),
            None if self.has("authenticated") => Access::Authenticated,
            None if self.has("public") => Access::Public,
            None => Access::Unsaid,
        }
    }

    /// The permission without which the field is null.
    pub(crate) fn mask(&self) -> Option<String> {
        self.text("mask", "permission")
    }

    /// Points, as a decimal number.
    pub(crate) fn weight(&self) -> Option<String> {
        self.text("cost", "weight")
    }

    pub(crate) fn list_size(&self) -> Option<ListSize> {
        self.has("listSize").then(|| ListSize {
            assumed: self.number("listSize", "assumedSize"),
            arguments: self.texts("listSize", "slicingArguments"),
        })
    }

    pub(crate) fn events(&self) -> Vec<String> {
        self.texts("emits", "events")
    }

    /// Returns the reason of a deprecation with its replacement, or `None` if nothing is
    /// deprecated.
    pub(crate) fn deprecated(&self) -> Option<String> {
        self.find("deprecated")?;
        Some(self.text("deprecated", "reason").unwrap_or_else(|| "No longer supported".to_owned()))
    }

    /// The age in seconds that a confirmed password or code may have.
    pub(crate) fn step_up(&self) -> Option<i64> {
        self.find("stepUp")?;
        Some(self.number("stepUp", "maxAge").unwrap_or(STEP_UP_SECONDS))
    }

    pub(crate) fn specified_by(&self) -> Option<String> {
        self.text("specifiedBy", "url")
    }
}

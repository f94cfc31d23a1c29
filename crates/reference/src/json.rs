//! JSON that is written, never read: values of examples and the search index.

/// A value of an example.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Bool(bool),
    /// The literal text of a JSON number.
    Number(&'static str),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// Appends a JSON string. `<` is escaped, too, so that the text is safe in any page.
pub(crate) fn push_text(out: &mut String, text: &str) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '<' | '\0'..='\u{1f}' | '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", u32::from(char))),
            other => out.push(other),
        }
    }
    out.push('"');
}

impl Json {
    /// The value whose text is what Python reads: it has other words for truth values.
    pub(crate) fn to_python(&self) -> Self {
        match self {
            Self::Bool(true) => Self::Number("True"),
            Self::Bool(false) => Self::Number("False"),
            Self::List(items) => Self::List(items.iter().map(Self::to_python).collect()),
            Self::Object(members) => {
                Self::Object(members.iter().map(|(name, value)| (name.clone(), value.to_python())).collect())
            }
            Self::Number(_) | Self::Text(_) => self.clone(),
        }
    }

    /// With line breaks and two spaces for each level.
    pub(crate) fn to_pretty_text(&self) -> String {
        let mut out = String::new();
        self.push(&mut out, 0);
        out
    }

    fn push(&self, out: &mut String, depth: usize) {
        match self {
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(value) => out.push_str(value),
            Self::Text(value) => push_text(out, value),
            Self::List(items) if items.is_empty() => out.push_str("[]"),
            Self::List(items) if items.iter().all(|item| !matches!(item, Self::List(_) | Self::Object(_))) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { ", " });
                    item.push(out, depth);
                }
                out.push(']');
            }
            Self::List(items) => block(out, depth, ['[', ']'], items, |out, item| item.push(out, depth + 1)),
            Self::Object(members) if members.is_empty() => out.push_str("{}"),
            Self::Object(members) => block(out, depth, ['{', '}'], members, |out, (name, value)| {
                push_text(out, name);
                out.push_str(": ");
                value.push(out, depth + 1);
            }),
        }
    }
}

/// Items between two brackets, each on a line of its own.
fn block<T>(out: &mut String, depth: usize, brackets: [char; 2], items: &[T], mut push: impl FnMut(&mut String, &T)) {
    out.push(brackets[0]);
    for (index, item) in items.iter().enumerate() {
        out.push_str(if index == 0 { "\n" } else { ",\n" });
        out.push_str(&"  ".repeat(depth + 1));
        push(out, item);
    }
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
    out.push(brackets[1]);
}

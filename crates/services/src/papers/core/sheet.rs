//! What stands on a paper, without how it looks: both drawings, the page and the PDF, are made of it.

use serde::{Deserialize, Serialize};

/// The side that the figures of a column stand on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    Left,
    Right,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub title: String,
    pub side: Side,
    /// Its share of the width, beside the shares of the others.
    pub share: u16,
}

/// A table under a heading of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    pub heading: Option<String>,
    pub columns: Vec<Column>,
    /// A cell for each column.
    pub rows: Vec<Vec<String>>,
}

/// A term and what is said of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    pub name: String,
    pub value: String,
}

/// A person or a company by its lines, under the word for its part in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    pub role: String,
    pub lines: Vec<String>,
}

/// A picture that is printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logo {
    /// A JPEG of three colours.
    pub bytes: Vec<u8>,
    /// In pixels.
    pub width: u32,
    pub height: u32,
}

/// What all papers of a tenant have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SheetStyle {
    pub header: Option<String>,
    pub footer: Option<String>,
    /// As in `#2563eb`.
    pub accent: Option<String>,
    pub logo: Option<Logo>,
}

/// A paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sheet {
    /// The language tag.
    pub language: String,
    pub title: String,
    pub parties: Vec<Party>,
    pub facts: Vec<Fact>,
    pub tables: Vec<Table>,
    /// Figures under the last table, the last one being the total.
    pub sums: Vec<Fact>,
    pub notes: Vec<String>,
    /// A number that a scanner reads, as a Code 128 above the tables.
    #[serde(default)]
    pub code: Option<String>,
    #[serde(default)]
    pub style: SheetStyle,
}

impl Sheet {
    pub fn new(language: &str, title: String) -> Self {
        Self {
            language: language.to_owned(),
            title,
            parties: Vec::new(),
            facts: Vec::new(),
            tables: Vec::new(),
            sums: Vec::new(),
            notes: Vec::new(),
            code: None,
            style: SheetStyle::default(),
        }
    }
    /// Adds a party of which anything is known.
    pub fn party(&mut self, role: &str, lines: Vec<String>) {
        if !lines.is_empty() {
            self.parties.push(Party { role: role.to_owned(), lines });
        }
    }
    /// Adds a fact that is known.
    pub fn fact(&mut self, name: &str, value: Option<String>) {
        if let Some(value) = value {
            self.facts.push(Fact { name: name.to_owned(), value });
        }
    }
    pub fn sum(&mut self, name: &str, value: String) {
        self.sums.push(Fact { name: name.to_owned(), value });
    }
}

/// A column of text.
pub fn left(title: &str, share: u16) -> Column {
    Column { title: title.to_owned(), side: Side::Left, share }
}

/// A column of figures.
pub fn right(title: &str, share: u16) -> Column {
    Column { title: title.to_owned(), side: Side::Right, share }
}

//! Content of a paper without its design: the HTML page and the PDF are made from it.

use serde::{Deserialize, Serialize};

/// Alignment of a column.
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
    /// Weight of the column's width among those of all columns.
    pub share: u16,
}

/// A table with an optional heading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    pub heading: Option<String>,
    pub columns: Vec<Column>,
    /// A cell for each column.
    pub rows: Vec<Vec<String>>,
}

/// A term and its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    pub name: String,
    pub value: String,
}

/// A person or a company by lines, with a word for its role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    pub role: String,
    pub lines: Vec<String>,
}

/// A picture to print.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logo {
    /// A JPEG of three colours.
    pub bytes: Vec<u8>,
    /// In pixels.
    pub width: u32,
    pub height: u32,
}

/// Design that all papers of a tenant have.
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
    /// A number that is printed as a Code 128 above the tables.
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
    /// Adds a party, unless it has no lines.
    pub fn add_party(&mut self, role: &str, lines: Vec<String>) {
        if !lines.is_empty() {
            self.parties.push(Party { role: role.to_owned(), lines });
        }
    }
    /// Adds a fact, unless it has no value.
    pub fn add_fact(&mut self, name: &str, value: Option<String>) {
        if let Some(value) = value {
            self.facts.push(Fact { name: name.to_owned(), value });
        }
    }
    pub fn add_sum(&mut self, name: &str, value: String) {
        self.sums.push(Fact { name: name.to_owned(), value });
    }
}

/// A column of text.
pub fn text_column(title: &str, share: u16) -> Column {
    Column { title: title.to_owned(), side: Side::Left, share }
}

/// A column of figures.
pub fn figure_column(title: &str, share: u16) -> Column {
    Column { title: title.to_owned(), side: Side::Right, share }
}

//! Guides: Markdown as HTML, with links that work below `/docs` and nothing that a page's policy forbids.

use std::collections::BTreeMap;

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html::push_html};

use crate::{
    build_error::ReferenceError,
    html::{ROOT, first_sentence},
};

/// A guide as CommonMark.
#[derive(Debug, Clone, Copy)]
pub struct Guide {
    /// The last part of its path, and the name of its file without `.md`.
    pub slug: &'static str,
    /// CommonMark with tables; the first heading is the title.
    pub markdown: &'static str,
}

/// A guide in HTML.
#[derive(Debug)]
pub(crate) struct RenderedGuide {
    pub(crate) slug: &'static str,
    pub(crate) title: String,
    /// The first sentence below the title.
    pub(crate) summary: String,
    pub(crate) html: String,
}

#[derive(Debug)]
pub(crate) struct Guides(Vec<RenderedGuide>);

impl Guides {
    pub(crate) fn new(guides: &[Guide]) -> Result<Self, ReferenceError> {
        for (index, Guide { slug, .. }) in guides.iter().enumerate() {
            let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            if slug.is_empty() || !slug.bytes().all(is_plain) {
                return Err(ReferenceError::Slug { slug: (*slug).to_owned() });
            }
            if guides[..index].iter().any(|other| other.slug == *slug) {
                return Err(ReferenceError::Duplicate { slug: (*slug).to_owned() });
            }
        }
        let slugs: Vec<_> = guides.iter().map(|guide| guide.slug).collect();
        Ok(Self(guides.iter().map(|guide| render_guide(guide, &slugs)).collect()))
    }

    pub(crate) fn get(&self, slug: &str) -> Option<&RenderedGuide> {
        self.0.iter().find(|guide| guide.slug == slug)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &RenderedGuide> {
        self.0.iter()
    }
}

fn render_guide(guide: &Guide, slugs: &[&str]) -> RenderedGuide {
    let events: Vec<_> = Parser::new_ext(guide.markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH).collect();
    let title = text_between(&events, |tag| matches!(tag, Tag::Heading { .. })).unwrap_or_else(|| guide.slug.to_owned());
    let summary = first_sentence(&text_between(&events, |tag| matches!(tag, Tag::Paragraph)).unwrap_or_default());
    let mut page = EventAdapter { slugs, ids: BTreeMap::new(), dropped: Vec::new(), is_first_cell: false };
    let html_events: Vec<_> = (0..events.len()).filter_map(|index| page.adapt(&events, index)).collect();
    let mut html = String::with_capacity(guide.markdown.len() * 2);
    push_html(&mut html, html_events.into_iter());
    RenderedGuide { slug: guide.slug, title, summary, html }
}

/// The text of the first element of a kind.
fn text_between(events: &[Event<'_>], is_wanted: impl Fn(&Tag<'_>) -> bool) -> Option<String> {
    let start = events.iter().position(|event| matches!(event, Event::Start(tag) if is_wanted(tag)))?;
    Some(text_after(events, start))
}

/// The text of the element that begins at `start`.
fn text_after(events: &[Event<'_>], start: usize) -> String {
    let mut text = String::new();
    for event in &events[start + 1..] {
        match event {
            Event::Text(part) | Event::Code(part) => text.push_str(part),
            Event::SoftBreak | Event::HardBreak => text.push(' '),
            Event::End(TagEnd::Heading(_) | TagEnd::Paragraph) => break,
            _ => {}
        }
    }
    text
}

/// Changes the events of one guide, in order.
struct EventAdapter<'a> {
    slugs: &'a [&'a str],
    /// Ids given, and how often.
    ids: BTreeMap<String, usize>,
    /// For each open link or image, whether it was dropped.
    dropped: Vec<bool>,
    is_first_cell: bool,
}

impl EventAdapter<'_> {
    fn adapt<'e>(&mut self, events: &[Event<'e>], index: usize) -> Option<Event<'e>> {
        match events[index].clone() {
            Event::Start(Tag::Heading { level, classes, attrs, .. }) => {
                let id = self.id(&slug(&text_after(events, index)));
                Some(Event::Start(Tag::Heading { level, id: Some(id.into()), classes, attrs }))
            }
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let target = self.target(&dest_url);
                self.dropped.push(target.is_none());
                target.map(|url| Event::Start(Tag::Link { link_type, dest_url: url.into(), title, id }))
            }
            // Pictures would be files of their own: their text stays.
            Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
            Event::End(TagEnd::Link) => (!self.dropped.pop().unwrap_or_default()).then_some(Event::End(TagEnd::Link)),
            // Alignment would be a `style` attribute, which the policy forbids.
            Event::Start(Tag::Table(_)) => Some(Event::Start(Tag::Table(Vec::new()))),
            Event::Start(Tag::TableRow) => {
                self.is_first_cell = true;
                Some(Event::Start(Tag::TableRow))
            }
            Event::Start(Tag::TableCell) => Some(Event::Start(Tag::TableCell)),
            Event::Code(code) => Some(self.code(code)),
            Event::End(TagEnd::TableCell) => {
                self.is_first_cell = false;
                Some(Event::End(TagEnd::TableCell))
            }
            // Comments name the test that runs an example; other tags would have to be sanitised.
            Event::Html(text) | Event::InlineHtml(text) => (!text.trim_start().starts_with("<!--")).then_some(Event::Text(text)),
            other => Some(other),
        }
    }

    /// A code of an error that begins a row gets an id, to which other pages link.
    fn code<'e>(&mut self, code: CowStr<'e>) -> Event<'e> {
        let is_constant = code.len() > 3 && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        if !self.is_first_cell || !is_constant {
            return Event::Code(code);
        }
        let id = self.id(&code);
        Event::InlineHtml(format!("<code id=\"{id}\">{code}</code>").into())
    }

    /// Returns the ID itself, or with a number appended if it was given before.
    fn id(&mut self, base_id: &str) -> String {
        let count = self.ids.entry(base_id.to_owned()).or_default();
        *count += 1;
        if *count == 1 { base_id.to_owned() } else { format!("{base_id}-{count}") }
    }

    /// Returns the target of a link: a guide, a place in the page, or another site; `None` for
    /// files that are not published here.
    fn target(&self, url: &str) -> Option<String> {
        if url.starts_with('#') || url.starts_with("https://") || url.starts_with("http://") {
            return Some(url.to_owned());
        }
        let (file, fragment) = url.split_once('#').map_or((url, None), |(file, fragment)| (file, Some(fragment)));
        let slug = file.strip_prefix("./").unwrap_or(file).strip_suffix(".md")?;
        self.slugs.contains(&slug).then(|| match fragment {
            Some(fragment) => format!("{ROOT}/guides/{slug}#{fragment}"),
            None => format!("{ROOT}/guides/{slug}"),
        })
    }
}

/// Converts a heading to an ID: lower case, `-` between words. The frame of the page has its own
/// IDs.
fn slug(text: &str) -> String {
    let words = text.to_lowercase();
    let words: Vec<_> = words.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    match words.join("-") {
        slug if slug.is_empty() => "section".to_owned(),
        slug if FRAME_IDS.contains(&slug.as_str()) => format!("{slug}-1"),
        slug => slug,
    }
}

const FRAME_IDS: [&str; 5] = ["main", "search", "query", "results", "found"];

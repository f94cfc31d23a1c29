//! Descriptions in the schema: every element has one, each text is complete by itself, and null has
//! a meaning.

use async_graphql::{
    Positioned,
    parser::types::{InputValueDefinition, TypeDefinition, TypeKind, TypeSystemDefinition},
};

use super::{head, parsed, served, shapes};

/// Paths with their descriptions, empty if a path has none.
type Texts = Vec<(String, String)>;

/// All paths of the schema that can have a description, with their descriptions.
fn descriptions(sdl: &str) -> Texts {
    let mut texts = Texts::new();
    for definition in &parsed(sdl).definitions {
        match definition {
            TypeSystemDefinition::Schema(_) => {}
            TypeSystemDefinition::Directive(directive) => {
                let path = format!("@{}", directive.node.name);
                note(&directive.node.description, path.clone(), &mut texts);
                note_inputs(&path, &directive.node.arguments, &mut texts);
            }
            TypeSystemDefinition::Type(kind) => note_type(&kind.node, &mut texts),
        }
    }
    texts
}

/// All arguments of fields and all fields of inputs, with their descriptions.
pub fn inputs_and_texts(sdl: &str) -> Texts {
    let mut texts = Texts::new();
    for definition in &parsed(sdl).definitions {
        let TypeSystemDefinition::Type(kind) = definition else { continue };
        let name = &kind.node.name.node;
        let fields = match &kind.node.kind {
            TypeKind::Object(object) => object.fields.as_slice(),
            TypeKind::Interface(interface) => interface.fields.as_slice(),
            TypeKind::InputObject(input) => {
                note_inputs(name, &input.fields, &mut texts);
                continue;
            }
            TypeKind::Scalar | TypeKind::Union(_) | TypeKind::Enum(_) => continue,
        };
        for field in fields {
            note_inputs(&format!("{name}.{}", field.node.name), &field.node.arguments, &mut texts);
        }
    }
    texts
}

fn note(description: &Option<Positioned<String>>, path: String, texts: &mut Texts) {
    let text = description.as_ref().map(|text| text.node.trim().to_owned()).unwrap_or_default();
    texts.push((path, text));
}

fn note_type(kind: &TypeDefinition, texts: &mut Texts) {
    note(&kind.description, head(kind), texts);
    let name = &kind.name.node;
    let fields = match &kind.kind {
        TypeKind::Object(object) => object.fields.as_slice(),
        TypeKind::Interface(interface) => interface.fields.as_slice(),
        TypeKind::Enum(words) => {
            return words
                .values
                .iter()
                .for_each(|word| note(&word.node.description, format!("{name}.{}", word.node.value), texts));
        }
        TypeKind::InputObject(input) => return note_inputs(name, &input.fields, texts),
        TypeKind::Scalar | TypeKind::Union(_) => return,
    };
    for field in fields {
        let path = format!("{name}.{}", field.node.name);
        note(&field.node.description, path.clone(), texts);
        note_inputs(&path, &field.node.arguments, texts);
    }
}

fn note_inputs(parent: &str, inputs: &[Positioned<InputValueDefinition>], texts: &mut Texts) {
    inputs.iter().for_each(|input| note(&input.node.description, format!("{parent}.{}", input.node.name), texts));
}

#[test]
fn everything_is_described() {
    // The arguments of directives are left to the directive's own text.
    let is_argument = |path: &str| path.starts_with('@') && path.contains('.');
    let silent: Vec<String> = descriptions(&served())
        .into_iter()
        .filter_map(|(path, text)| (text.is_empty() && !is_argument(&path)).then_some(path))
        .collect();
    assert!(silent.is_empty(), "{} without a description: {silent:#?}", silent.len());
}

/// First words that leave a description without its noun: a reader who sees it alone does not know
/// its subject.
const OPENINGS: &str = "All of|All that|Always|Anything|As|By|Could|False|How|If|It|Its|Less than|May|More than|Most that|Nobody|Nor|\
    Not|Nothing|Of|Only|Out|Should|So|Somebody|Something|Such|That|The same|Their|These|They|This|Those|Until|Up to|What|Whatever|\
    When|Where|Whether|Which|Who|Whoever|Whom|Whose|Why";

/// Words that begin no sentence of a description, the later ones neither (`docs/STYLE.md`, rule 1).
const SENTENCE_OPENINGS: &str = "How|Of|The same|What|Whatever|Where|Whether|Who|Whoever|Whom|Whose|Why";

/// Words that must not begin a clause after a colon or a semicolon either: the clause names its
/// subject. "Where" begins a condition there.
const CLAUSE_OPENINGS: &str = "how|the same|what|whatever|who|whoever|whom|whose|why";

/// Words that are no technical terms (`docs/STYLE.md`, rule 2); a description uses another one for
/// each. Code between backticks is not checked.
const PRIVATE: [&str; 22] = [
    "everybody",
    "figure",
    "figures",
    "good for",
    "good once",
    "let in",
    "lets in",
    "lie",
    "lies",
    "maker",
    "nobody",
    "put down",
    "somebody",
    "stand",
    "stands",
    "stood",
    "tell",
    "tells",
    "told",
    "wall",
    "whoever",
    "wish",
];

/// Descriptions with the word budget: the money of replenishment. Points of a caller are those of a rate limit.
const BUDGETS: [&str; 16] = [
    "Mutation.replenishmentBudgetSet",
    "Mutation.replenishmentPlanCreate.input",
    "Query.replenishmentBudget",
    "ReplenishmentBudget.version",
    "ReplenishmentBudgetPayload.budget",
    "ReplenishmentBudgetSetInput.expectedVersion",
    "ReplenishmentBudgetUse.committed",
    "ReplenishmentIssue.OTHER_CURRENCY",
    "ReplenishmentLineStatus.CUT",
    "ReplenishmentPlan.cutCount",
    "ReplenishmentRefusalCode.OVER_BUDGET",
    "enum ReplenishmentBudgetPeriod",
    "type ReplenishmentBudget",
    "type ReplenishmentBudgetPayload",
    "type ReplenishmentBudgetUse",
    "type ReplenishmentExceededBudget",
];

/// Faults that the message of a failed test shows.
const MAX_SHOWN: usize = 40;

/// Whether a text begins with the words, as whole words in this case.
fn opens_with(text: &str, words: &str) -> bool {
    text.strip_prefix(words).is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_'))
}

fn opens_with_any(text: &str, openings: &str) -> bool {
    openings.split('|').any(|words| opens_with(text, words))
}

/// Whether a path is that of an enum's value, whose text is a sentence: "All goods are packed."
fn is_value(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, name)| !name.contains(char::is_lowercase))
}

/// Whether a text begins with its noun. That of a Boolean has it after "True if": "True if the store is open", and not "True if this is open".
fn names_its_thing(text: &str) -> bool {
    match text.strip_prefix("True if ") {
        Some(rest) => !opens_with_any(rest, &OPENINGS.to_lowercase()),
        None => !opens_with_any(text, OPENINGS),
    }
}

fn is_clear(text: &str) -> bool {
    let mut later = text.split('.').skip(1).map(str::trim_start);
    names_its_thing(text) && !later.any(|sentence| opens_with_any(sentence, SENTENCE_OPENINGS))
}

/// Whether no clause after a colon or a semicolon begins as a question does.
fn names_in_clauses(text: &str) -> bool {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut marks = [": ", "; "].into_iter().flat_map(|mark| text.match_indices(mark));
    !marks.any(|(at, mark)| opens_with_any(&text[at + mark.len()..], CLAUSE_OPENINGS))
}

/// The prose of a text as words in lower case, each with a space on both sides.
pub fn as_words(text: &str) -> String {
    let prose = text.split('`').step_by(2).collect::<Vec<_>>().join(" ").to_lowercase();
    let words: Vec<&str> = prose.split(|sign: char| !sign.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    format!(" {} ", words.join(" "))
}

fn is_standard(text: &str) -> bool {
    let words = as_words(text);
    !PRIVATE.iter().any(|word| words.contains(&format!(" {word} ")))
}

/// A remark in brackets may stand at the end, without a full stop after it.
fn is_closed(text: &str) -> bool {
    text.ends_with(['.', ')'])
}

fn shown(faults: &[String]) -> Vec<&String> {
    faults.iter().take(MAX_SHOWN).collect()
}

#[test]
fn descriptions_name_their_thing_and_end_as_sentences_do() {
    let sdl = served();
    let texts: Texts = descriptions(&sdl).into_iter().filter(|(_, text)| !text.is_empty()).collect();
    let faults = |is_well: fn(&str) -> bool| -> Vec<String> {
        texts.iter().filter(|(_, text)| !is_well(text)).map(|(path, text)| format!("{path}: {text}")).collect()
    };
    let (unclear, private, open) = (faults(is_clear), faults(is_standard), faults(is_closed));
    assert!(open.is_empty(), "{} descriptions do not end with a full stop: {:#?}", open.len(), shown(&open));
    assert!(
        unclear.is_empty(),
        "{} descriptions begin with one of {OPENINGS}, or do so after True if, or a later sentence with one of {SENTENCE_OPENINGS}: {:#?}",
        unclear.len(),
        shown(&unclear)
    );
    assert!(private.is_empty(), "{} descriptions have one of {PRIVATE:?}: {:#?}", private.len(), shown(&private));
    let asking = faults(names_in_clauses);
    assert!(
        asking.is_empty(),
        "{} descriptions have a clause that begins with one of {CLAUSE_OPENINGS}: {:#?}",
        asking.len(),
        shown(&asking)
    );
    let shapes = shapes(&sdl);
    let is_boolean = |path: &str| shapes.get(path).is_some_and(|shape| shape.starts_with("Boolean"));
    let doubtful: Vec<String> = texts
        .iter()
        .filter(|(path, text)| opens_with(text, "True") && !is_boolean(path))
        .map(|(path, text)| format!("{path}: {text}"))
        .collect();
    assert!(doubtful.is_empty(), "{} begin with True and are no Booleans: {:#?}", doubtful.len(), shown(&doubtful));
    let counted: Vec<String> = texts
        .iter()
        .filter(|(path, text)| opens_with(text, "All") && !is_value(path))
        .map(|(path, text)| format!("{path}: {text}"))
        .collect();
    assert!(counted.is_empty(), "{} begin with All, and not with their thing: {:#?}", counted.len(), shown(&counted));
}

#[test]
fn a_budget_is_the_money_of_a_plan() {
    let texts = descriptions(&served());
    let mut paths: Vec<&str> =
        texts.iter().filter(|(_, text)| as_words(text).contains(" budget ")).map(|(path, _)| path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(paths, BUDGETS, "points of a caller are those of a rate limit");
}

/// Types of inputs that are a choice, an amount or a time.
const GIVEN: [&str; 9] = ["Boolean", "Date", "DateTime", "Decimal", "Float", "Int", "Long", "MoneyInput", "Quantity"];

#[test]
fn inputs_that_may_be_left_out_say_what_null_means() {
    let sdl = served();
    let shapes = shapes(&sdl);
    let inputs = inputs_and_texts(&sdl);
    let nullable: Vec<_> =
        inputs.iter().filter(|(path, _)| shapes.get(path).is_some_and(|shape| GIVEN.contains(&shape.as_str()))).collect();
    assert!(nullable.len() > 300, "{}", nullable.len());
    let is_said = |text: &str| text.to_lowercase().contains("null") || text.starts_with("Deprecated ");
    let silent: Vec<&String> = nullable.iter().filter(|(_, text)| !is_said(text)).map(|(path, _)| path).collect();
    assert!(silent.is_empty(), "{} may be null and do not say what it means: {silent:#?}", silent.len());
}

/// A choice has exactly one field, which cannot be null: a text that gives null a meaning there is
/// wrong.
#[test]
fn null_is_refused_by_the_fields_of_a_choice() {
    let (mut choices, mut wrong) = (0, Vec::new());
    for definition in &parsed(&served()).definitions {
        let TypeSystemDefinition::Type(kind) = definition else { continue };
        let TypeKind::InputObject(input) = &kind.node.kind else { continue };
        if !kind.node.directives.iter().any(|directive| directive.node.name.node == "oneOf") {
            continue;
        }
        choices += 1;
        let mut texts = Texts::new();
        note_inputs(&kind.node.name.node, &input.fields, &mut texts);
        wrong.extend(texts.into_iter().filter(|(_, text)| {
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
            text.contains("null") && !text.contains("null is refused") && !text.contains("null are refused")
        }));
    }
    assert!(choices > 10 && wrong.is_empty(), "{choices} choices: {wrong:#?}");
}

/// Quantities whose unit depends on another field.
const OTHER_UNITS: [&str; 1] = ["Alert.threshold"];

/// Whether a text names the unit of its number.
fn names_a_unit(text: &str) -> bool {
    text.split(|sign: char| !sign.is_alphanumeric()).any(|word| word == "unit" || word == "units")
}

#[test]
fn quantities_name_their_unit() {
    let sdl = served();
    let shapes = shapes(&sdl);
    let is_quantity = |path: &str| {
        let kind = shapes.get(path).map(|shape| shape.trim_start_matches('[')).unwrap_or_default();
        kind.split(|sign: char| !sign.is_alphanumeric()).next() == Some("Quantity")
    };
    let quantities: Texts = descriptions(&sdl).into_iter().filter(|(path, _)| is_quantity(path)).collect();
    assert!(quantities.len() > 200, "{}", quantities.len());
    let is_said = |text: &str| names_a_unit(text) || text.starts_with("Deprecated name of ");
    let silent: Vec<&str> = quantities.iter().filter(|(_, text)| !is_said(text)).map(|(path, _)| path.as_str()).collect();
    assert_eq!(silent, OTHER_UNITS, "name the unit (\"in the product's smallest unit\"), or list why not");
    assert!(names_a_unit("Units sold, in the product's smallest unit.") && !names_a_unit("Quantity in unitary lots."));
}

/// Texts that name no default: that of `validateOnly` is the same in all inputs, and requests
/// nothing.
const WITHOUT_DEFAULT: [&str; 1] =
    ["Validate only; nothing is written. Lists of other objects below the answer are as they are now."];

#[test]
fn inputs_with_a_default_name_it() {
    let sdl = served();
    let shapes = shapes(&sdl);
    let inputs = inputs_and_texts(&sdl);
    let with_default: Vec<_> =
        inputs.iter().filter(|(path, _)| shapes.get(path).is_some_and(|shape| shape.contains(" = "))).collect();
    assert!(with_default.len() > 400, "{}", with_default.len());
    let is_said = |text: &str| {
        let is_of_another = text.starts_with("Deprecated name of ") || text.starts_with("Deprecated form of ");
        text.to_lowercase().contains("default") || is_of_another || WITHOUT_DEFAULT.contains(&text)
    };
    let silent: Vec<&String> = with_default.iter().filter(|(_, text)| !is_said(text)).map(|(path, _)| path).collect();
    assert!(silent.is_empty(), "{} have a default and do not say it (\"Default 20.\"): {silent:#?}", silent.len());
}

#[test]
fn an_opening_is_found_as_a_whole_word() {
    for text in ["What it costs.", "When: at once.", "The same in minor units.", "Of a kit, its parts.", "Why", "It's sent."] {
        assert!(!is_clear(text), "{text}");
    }
    for text in ["Price. What is left out stays.", "Quantity, 1 or more.\nOf a kit, whole ones."] {
        assert!(!is_clear(text), "{text}");
    }
    for text in
        ["Whichever comes first.", "Offers.", "Items.", "The sameness.", "what it costs.", "Requires order.price. Offers stay."]
    {
        assert!(is_clear(text), "{text}");
    }
    assert!(!is_clear("Only works of the store.") && is_clear("Outcome of the line."));
    for text in
        ["True if this is the preferred supplier.", "True if such alerts are opened.", "True if the same call may succeed."]
    {
        assert!(!is_clear(text), "{text}");
    }
    assert!(!is_clear("False: the order has left the filter."));
    assert!(is_clear("True if the supplier is the preferred one.") && is_clear("True if all stores of the group are open."));
    assert!(
        is_clear("True for open stores.") && !is_clear("Whether the store is open.") && !is_clear("Open. Whether it closes.")
    );
    assert!(is_value("WorkStatus.PACKED") && !is_value("StoreScope.all"));
    assert!(!is_standard("Nobody has seen it.") && is_standard("Applies to wishlists."));
    assert!(!is_standard("Codes, each good\nonce.") && is_standard("Lead time in `figures`, in days."));
    assert!(!names_in_clauses("A change of a store: what is left out stays.") && !names_in_clauses("Stock;\nthe same for kits."));
    assert!(names_in_clauses("Counted up to a limit: those that are kept; where there are more, a lower bound."));
    assert!(is_closed("Price.") && is_closed("Price (net)") && !is_closed("Price"));
}

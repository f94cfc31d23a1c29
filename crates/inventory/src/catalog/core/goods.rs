//! Weight, dimensions, origin and tariff number of a product, for carriers and customs, and its
//! tags.

use serde::{Deserialize, Serialize};

use super::{
    check::{Checker, input_path},
    patch::Patch,
    rejection::{Form, InputPath, Rejection},
    text,
};

/// Maximum tags of a product.
pub const MAX_TAGS: usize = 50;
/// Characters of a tag.
pub const MAX_TAG_LENGTH: usize = 64;
/// A thousand tonnes.
const MAX_GRAMS: i64 = 1_000_000_000;
/// A kilometre.
const MAX_MILLIMETRES: i64 = 1_000_000;

/// Names of the fields of [`Goods`] but tags, as the API, the audit log and columns of files have them.
pub const FIELD_NAMES: [&str; 6] = ["weightGrams", "lengthMm", "widthMm", "heightMm", "originCountry", "tariffNumber"];

/// Column names in other programs' files, reduced to letters and digits, with the field that each
/// stands for.
pub const COLUMN_ALIASES: &[(&str, &str)] = &[("hscode", "tariffNumber"), ("countryoforigin", "originCountry")];

/// Whether such a field is a whole number.
pub fn is_whole(field: &str) -> bool {
    Goods::default().named_fields().iter().any(|(name, value)| *name == field && matches!(value, GoodsValue::Whole(_)))
}

/// The value of such a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum GoodsValue<'a> {
    Whole(Option<i32>),
    Text(Option<&'a str>),
}

/// Weight, dimensions, origin and tariff number of one packed whole unit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goods {
    pub weight_grams: Option<i32>,
    pub length_mm: Option<i32>,
    pub width_mm: Option<i32>,
    pub height_mm: Option<i32>,
    /// A code of ISO 3166, in capitals.
    pub origin_country: Option<String>,
    /// 6 to 10 digits.
    pub tariff_number: Option<String>,
    pub tags: Vec<String>,
}

impl Goods {
    /// Returns all fields but tags, in the order of [`FIELD_NAMES`].
    pub fn named_fields(&self) -> [(&'static str, GoodsValue<'_>); FIELD_NAMES.len()] {
        let Self { weight_grams, length_mm, width_mm, height_mm, origin_country, tariff_number, tags: _ } = self;
        [
            ("weightGrams", GoodsValue::Whole(*weight_grams)),
            ("lengthMm", GoodsValue::Whole(*length_mm)),
            ("widthMm", GoodsValue::Whole(*width_mm)),
            ("heightMm", GoodsValue::Whole(*height_mm)),
            ("originCountry", GoodsValue::Text(origin_country.as_deref())),
            ("tariffNumber", GoodsValue::Text(tariff_number.as_deref())),
        ]
    }
    /// Approximate bytes of the texts in memory.
    pub fn weight(&self) -> usize {
        let texts = [&self.origin_country, &self.tariff_number].into_iter().flatten().map(String::len).sum::<usize>();
        texts + self.tags.iter().map(|tag| size_of_val(tag) + tag.len()).sum::<usize>()
    }
}

/// Input form of [`Goods`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct GoodsFields {
    pub weight_grams: Patch<i64>,
    pub length_mm: Patch<i64>,
    pub width_mm: Patch<i64>,
    pub height_mm: Patch<i64>,
    pub origin_country: Patch<String>,
    pub tariff_number: Patch<String>,
    pub tags: Patch<Vec<String>>,
    /// Tags in addition to those present, or to `tags`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub add_tags: Vec<String>,
}

impl GoodsFields {
    /// Reads the fields of a row of a file, in the order of [`FIELD_NAMES`]: `whole_number` and `text` by name, `tags` last.
    ///
    /// # Errors
    /// The first of the readers that fails.
    pub fn read<E>(
        whole_number: impl Fn(&str) -> Result<Patch<i64>, E>,
        text: impl Fn(&str) -> Patch<String>,
        tags: impl FnOnce() -> Result<Patch<Vec<String>>, E>,
    ) -> Result<Self, E> {
        Ok(Self {
            weight_grams: whole_number("weightGrams")?,
            length_mm: whole_number("lengthMm")?,
            width_mm: whole_number("widthMm")?,
            height_mm: whole_number("heightMm")?,
            origin_country: text("originCountry"),
            tariff_number: text("tariffNumber"),
            tags: tags()?,
            add_tags: Vec::new(),
        })
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn check(&self, checker: &mut Checker) -> GoodsCommand {
        let mut whole_number = |field: &str, patch: &Patch<i64>, max: i64| {
            checker.optional_patch(patch, |checker, value| {
                checker.range(input_path![field], *value, 0, max).and_then(|value| i32::try_from(value).ok())
            })
        };
        let weight_grams = whole_number("weightGrams", &self.weight_grams, MAX_GRAMS);
        let length_mm = whole_number("lengthMm", &self.length_mm, MAX_MILLIMETRES);
        let width_mm = whole_number("widthMm", &self.width_mm, MAX_MILLIMETRES);
        let height_mm = whole_number("heightMm", &self.height_mm, MAX_MILLIMETRES);
        let origin_country =
            checker.optional_patch(&self.origin_country, |checker, value| country(checker, input_path!["originCountry"], value));
        let tariff_number = checker.optional_patch(&self.tariff_number, |checker, value| {
            check_tariff_number(checker, input_path!["tariffNumber"], value)
        });
        let add_tags = check_tags(checker, &self.add_tags).unwrap_or_default();
        let tags = match &self.tags {
            Patch::Clear => Patch::Set(Vec::new()),
            other => checker.optional_patch(other, |checker, list| check_tags(checker, list)),
        };
        GoodsCommand { weight_grams, length_mm, width_mm, height_mm, origin_country, tariff_number, tags, add_tags }
    }
}

/// Checked form of [`GoodsFields`].
#[derive(Debug, Clone)]
pub struct GoodsCommand {
    weight_grams: Patch<i32>,
    length_mm: Patch<i32>,
    width_mm: Patch<i32>,
    height_mm: Patch<i32>,
    origin_country: Patch<String>,
    tariff_number: Patch<String>,
    tags: Patch<Vec<String>>,
    add_tags: Vec<String>,
}

impl GoodsCommand {
    pub(super) fn apply(&self, goods: &mut Goods) {
        self.weight_grams.apply(&mut goods.weight_grams);
        self.length_mm.apply(&mut goods.length_mm);
        self.width_mm.apply(&mut goods.width_mm);
        self.height_mm.apply(&mut goods.height_mm);
        self.origin_country.apply(&mut goods.origin_country);
        self.tariff_number.apply(&mut goods.tariff_number);
        self.tags.apply_value(&mut goods.tags);
        for tag in &self.add_tags {
            if !goods.tags.iter().any(|existing_tag| text::fold(existing_tag) == text::fold(tag)) {
                goods.tags.push(tag.clone());
            }
        }
    }
}

/// Two letters, written in capitals. Whether the code is assigned is not checked, because the list
/// changes.
fn country(checker: &mut Checker, at: InputPath, value: &str) -> Option<String> {
    let code = value.trim().to_ascii_uppercase();
    checker.check_form(at, code, Form::Country, |code| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()))
}

/// Checks for digits; points and spaces between them, as in print, are removed.
fn check_tariff_number(checker: &mut Checker, at: InputPath, value: &str) -> Option<String> {
    let digits: String = value.chars().filter(|character| !matches!(character, '.' | ' ')).collect();
    checker.check_form(at, digits, Form::Tariff, |text| {
        (6..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Tags in the caller's order and spelling; one that only differs in case from an earlier one is the same tag.
pub fn check_tags(checker: &mut Checker, list: &[String]) -> Option<Vec<String>> {
    if list.len() > MAX_TAGS {
        checker.refuse(input_path!["tags"], Rejection::TooMany { most: MAX_TAGS });
        return None;
    }
    let mut checked_tags: Vec<String> = Vec::with_capacity(list.len());
    for (index, tag) in list.iter().enumerate() {
        let Some(tag) = checker.line(input_path!["tags", index], tag, MAX_TAG_LENGTH) else { continue };
        // Files have bars between them.
        let Some(tag) =
            checker.check_form(input_path!["tags", index], tag, Form::Tag, |tag| !tag.contains('|') && !tag.starts_with('['))
        else {
            continue;
        };
        if !checked_tags.iter().any(|existing_tag| text::fold(existing_tag) == text::fold(&tag)) {
            checked_tags.push(tag);
        }
    }
    Some(checked_tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(fields: &GoodsFields) -> (Goods, Vec<(InputPath, Rejection)>) {
        let (mut checker, mut goods) = (Checker::default(), Goods::default());
        fields.check(&mut checker).apply(&mut goods);
        (goods, checker.problems.into_iter().map(|problem| (problem.at, problem.why)).collect())
    }
    fn texts(list: &[&str]) -> Patch<Vec<String>> {
        Patch::Set(list.iter().map(|text| (*text).to_owned()).collect())
    }

    #[test]
    fn each_field_has_its_name() {
        let goods = Goods { width_mm: Some(90), origin_country: Some("PT".to_owned()), ..Goods::default() };
        let named = goods.named_fields();
        assert_eq!(named.map(|(name, _)| name), FIELD_NAMES);
        assert_eq!((named[2].1, named[4].1), (GoodsValue::Whole(Some(90)), GoodsValue::Text(Some("PT"))));
        assert_eq!(["widthMm", "originCountry", "tags"].map(is_whole), [true, false, false]);
        let json = serde_json::to_value(named.map(|(_, value)| value)).unwrap();
        assert_eq!(json, serde_json::json!([null, null, 90, null, "PT", null]));
    }

    #[test]
    fn what_customs_ask_is_kept_in_one_spelling() {
        let (goods, problems) = checked(&GoodsFields {
            weight_grams: Patch::Set(410),
            height_mm: Patch::Set(0),
            origin_country: Patch::Set(" pt ".to_owned()),
            tariff_number: Patch::Set("6912.00 23".to_owned()),
            tags: texts(&["Gift", " gift ", "blue"]),
            ..GoodsFields::default()
        });
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!((goods.weight_grams, goods.length_mm, goods.height_mm), (Some(410), None, Some(0)));
        assert_eq!((goods.origin_country.as_deref(), goods.tariff_number.as_deref()), (Some("PT"), Some("69120023")));
        assert_eq!(goods.tags, ["Gift", "blue"]);
    }

    #[test]
    fn what_is_wrong_is_said_field_by_field() {
        let (goods, problems) = checked(&GoodsFields {
            weight_grams: Patch::Set(-1),
            length_mm: Patch::Set(MAX_MILLIMETRES + 1),
            origin_country: Patch::Set("Portugal".to_owned()),
            tariff_number: Patch::Set("69120".to_owned()),
            tags: texts(&["ok", "a|b", ""]),
            ..GoodsFields::default()
        });
        assert_eq!(goods, Goods { tags: vec!["ok".to_owned()], ..Goods::default() });
        let at: Vec<InputPath> = problems.iter().map(|(at, _)| at.clone()).collect();
        let expected: Vec<InputPath> = vec![
            input_path!["weightGrams"],
            input_path!["lengthMm"],
            input_path!["originCountry"],
            input_path!["tariffNumber"],
            input_path!["tags", 1],
            input_path!["tags", 2],
        ];
        assert_eq!(at, expected);
        assert_eq!(problems[0].1, Rejection::OutOfRange { least: 0, most: MAX_GRAMS });
        assert_eq!(problems[3].1, Rejection::Malformed(Form::Tariff));
    }

    #[test]
    fn tags_are_cleared_and_fifty_at_most() {
        let many: Vec<String> = (0..=MAX_TAGS).map(|n| format!("t{n}")).collect();
        let (_, problems) = checked(&GoodsFields { tags: Patch::Set(many), ..GoodsFields::default() });
        assert_eq!(problems, [(input_path!["tags"], Rejection::TooMany { most: MAX_TAGS })]);
        let mut goods = Goods { tags: vec!["old".to_owned()], ..Goods::default() };
        GoodsFields { tags: Patch::Clear, ..GoodsFields::default() }.check(&mut Checker::default()).apply(&mut goods);
        assert!(goods.tags.is_empty());
        let (mut checker, mut goods) = (Checker::default(), Goods { tags: vec!["Gift".to_owned()], ..Goods::default() });
        let added = ["gift", "Garden", "a|b"].map(str::to_owned).to_vec();
        GoodsFields { add_tags: added, ..GoodsFields::default() }.check(&mut checker).apply(&mut goods);
        assert_eq!(goods.tags, ["Gift", "Garden"], "those it has stay as they are spelled");
        assert_eq!(checker.problems.iter().map(|problem| problem.at.clone()).collect::<Vec<_>>(), [input_path!["tags", 2]]);
        assert!(GoodsFields::default().is_empty());
    }
}

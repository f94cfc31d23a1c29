//! Series that move demand from outside, as clients see and set them.

use async_graphql::{Context, InputObject, SimpleObject};
use entity::prelude;
use macros::resolvers;
use platform::{clock::day_text, path, storage::idempotency::CallResult};
use services::forecasting::{
    core::{FactorFields, FactorGoods, FactorProblem, FactorSeries as Kept, MAX_DAYS, StoredFactor},
    shell::{FactorError, FactorRefusal, FactorRemoval, FactorSet},
};

use super::{csv::parse_csv_values, enums::FactorKind};
use crate::{
    catalog::{Category, CategoryRef, Product, ProductRef, Store, StoreRef, catalog_loaders},
    connection,
    graphql::{
        fault::Answer,
        reading::InputErrors,
        refusal::{ErrorCode, Path, UserError, user_errors_of},
        scalars::{Date, DateTime, Long},
    },
    orders::links,
    payload,
    references::Names,
};

payload!(FactorSeriesPayload, series: FactorSeries, "factor series");
connection!(counted FactorSeriesConnection, FactorSeriesEdge, FactorSeries, "factor series");

/// A series' row.
pub struct FactorSeries(pub Kept);

/// Series of days that moves demand from outside: promotions, prices, holidays or weather. Runs of forecasts use it where it lowered the error of weeks that
/// it was not fitted on.
#[resolvers(requires = StockPolicy)]
impl FactorSeries {
    /// Code, by which the series is named.
    async fn code(&self) -> &str {
        &self.0.code
    }
    /// Kind of factor.
    async fn kind(&self) -> FactorKind {
        self.0.kind.into()
    }
    /// Name in words.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// Store that the series is for. Null for all stores, or for those of `country`.
    async fn store(&self, ctx: &Context<'_>) -> Option<Answer<Store>> {
        Some(links::store(ctx, self.0.store?).await)
    }
    /// Product that the series is for. Null for all products, or for those of `category`.
    async fn product(&self, ctx: &Context<'_>) -> Option<Answer<Product>> {
        Some(links::product(ctx, self.0.goods.product()?).await)
    }
    /// Category whose products the series is for, with all categories below it. Null for all products, or for `product`.
    async fn category(&self, ctx: &Context<'_>) -> Option<Answer<Category>> {
        let id = self.0.goods.category()?;
        let row_read = async { catalog_loaders(ctx)?.category(id).await };
        row_read.await.map(|row| row.map(Category)).transpose()
    }
    /// Country whose stores the series is for, by their addresses, as two capital letters. Null for all stores, or for `store`.
    async fn country(&self) -> Option<&str> {
        self.0.country.as_deref()
    }
    /// First day on which the series is known.
    async fn from(&self) -> Date {
        Date(self.0.from)
    }
    /// Last day on which the series is known. Weeks that end later are forecast without it.
    async fn until(&self) -> Date {
        Date(self.0.until)
    }
    /// Number of days with a value.
    async fn days(&self) -> Long {
        Long(self.0.values.len() as i64)
    }
    /// Days and values as lines of CSV with a heading, oldest first.
    async fn csv(&self) -> String {
        let lines = self.0.values.iter().map(|(day, value)| format!("{},{value}\n", day_text(*day)));
        std::iter::once("date,value\n".to_owned()).chain(lines).collect()
    }
    /// Version of the series: 1 when it was first set, +1 for each change.
    async fn version(&self) -> Long {
        Long(self.0.version)
    }
    /// Time of the last change.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
}

/// A factor beside a forecast: whether the run used it, and how much it helped.
#[derive(Debug, Clone, SimpleObject)]
pub struct ForecastFactor {
    /// Code of the factor series.
    pub code: String,
    /// Name in words.
    pub name: String,
    /// Kind of factor.
    pub kind: FactorKind,
    /// True if the forecast uses the factor: it lowered the error of held-out weeks by 0.005 or more.
    pub is_used: bool,
    /// Deprecated name of `isUsed`.
    #[graphql(deprecation = "2026-11-27: use isUsed. Removed after 2027-11-27.")]
    pub used: bool,
    /// Weighted absolute percentage error of held-out weeks without the factor: Σ|error| ÷ Σ units, over the products and
    /// stores that it is for. Null where too little is known.
    pub wape_without: Option<f64>,
    /// Weighted absolute percentage error of held-out weeks with the factor. Null where too little is known.
    pub wape_with: Option<f64>,
    /// Share by which units of the product's class are multiplied where the level is 1 higher. Null where the level did not vary.
    pub lift: Option<f64>,
    /// Monday of the first coming week without a known level: from there on the factor is left out. Null where it is known for all 26 weeks.
    pub left_out_from: Option<Date>,
    /// Use of the factor in words, with its errors.
    pub why: String,
}

impl ForecastFactor {
    pub(super) fn of(factor: &StoredFactor, class: prelude::DemandClass) -> Self {
        Self {
            code: factor.code.clone(),
            name: factor.name.clone(),
            kind: factor.kind.into(),
            is_used: factor.is_used,
            used: factor.is_used,
            wape_without: factor.wape.map(|(without, _)| without),
            wape_with: factor.wape.map(|(_, with)| with),
            lift: factor.lift(class),
            left_out_from: factor.ends.map(Date),
            why: explain_factor(factor),
        }
    }
}

fn explain_factor(factor: &StoredFactor) -> String {
    let Some((without, with)) = factor.wape else {
        return "Not used: fewer than three of the weeks that are looked back on had an unusual level.".to_owned();
    };
    let (without, with) = (without * 100.0, with * 100.0);
    if !factor.is_used {
        return format!("Not used: the error of held-out weeks was {without:.1} % without it and {with:.1} % with it.");
    }
    let end = factor
        .ends
        .map_or_else(String::new, |day| format!(" From {} on its level is not known, and it is left out.", day_text(day)));
    format!("Used: the error of held-out weeks fell from {without:.1} % to {with:.1} %.{end}")
}

/// A value of a day.
#[derive(Debug, Clone, InputObject)]
pub struct FactorValueInput {
    /// Day.
    pub date: Date,
    /// Level of the day, from -1000000000 to 1000000000: 1 for a promotion or a holiday, a price, degrees.
    pub value: f64,
}

/// A factor series. One of the same code is replaced.
#[derive(Debug, Clone, InputObject)]
pub struct FactorSeriesSetInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Version of the series that you saw, 0 before it was first set; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Code, 1 to 64 characters.
    pub code: String,
    /// Kind of factor.
    pub kind: FactorKind,
    /// Name, 1 to 200 characters.
    pub name: String,
    /// Deprecated form of `store`: its ID.
    #[graphql(deprecation = "2026-11-26: use store. Removed after 2027-11-26.")]
    pub store_id: Option<async_graphql::ID>,
    /// Store that the series is for. Needed unless your rights are for all stores.
    /// Null for all stores, or for those of `country`.
    pub store: Option<StoreRef>,
    /// Deprecated form of `product`: its ID.
    #[graphql(deprecation = "2026-11-26: use product. Removed after 2027-11-26.")]
    pub product_id: Option<async_graphql::ID>,
    /// Product that the series is for. Null for all products, or for those of a category.
    pub product: Option<ProductRef>,
    /// Deprecated form of `category`: its ID.
    #[graphql(deprecation = "2026-11-26: use category. Removed after 2027-11-26.")]
    pub category_id: Option<async_graphql::ID>,
    /// Category whose products the series is for, with all categories below it. Not together with a product.
    /// Null for all products, or for `product`.
    pub category: Option<CategoryRef>,
    /// Country whose stores the series is for, by their addresses, as two letters. Not together with a store.
    /// Null for any country.
    pub country: Option<String>,
    /// First day on which the series is known. Null for the day of its first value.
    pub from: Option<Date>,
    /// Last day on which the series is known. Null for the day of its last value. A PROMOTION or HOLIDAY has level 0 on days
    /// between without a value; other kinds need four days or more of a week.
    pub until: Option<Date>,
    /// Days and values, at most 4000, each day once. Null where `csv` is given.
    pub values: Option<Vec<FactorValueInput>>,
    /// Days and values as lines of CSV, such as "2026-11-30,4.5", instead of `values`. A heading is passed over.
    /// Null where `values` is given.
    pub csv: Option<String>,
}

/// A factor series that is to go.
#[derive(Debug, Clone, InputObject)]
pub struct FactorSeriesRemoveInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Code of the series.
    pub code: String,
}

impl FactorSeriesSetInput {
    pub(super) fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"])
            .optional(("store", self.store.take()), ("storeId", &mut self.store_id))
            .optional(("product", self.product.take()), ("productId", &mut self.product_id))
            .optional(("category", self.category.take()), ("categoryId", &mut self.category_id))
    }
    pub(super) fn read(self, reader: &mut InputErrors) -> FactorSet {
        if self.values.is_some() && self.csv.is_some() {
            reader.invalid("give values or csv, not both", || path!["input", "csv"]);
        }
        let mut values: Vec<(i32, f64)> = self.values.into_iter().flatten().map(|entry| (entry.date.0, entry.value)).collect();
        if let Some(text) = &self.csv {
            match parse_csv_values(text) {
                Ok(parsed_values) => values = parsed_values,
                Err(line) => {
                    reader.invalid(&format!("line {line} is no day and number, as in 2026-11-30,4.5"), || path!["input", "csv"]);
                }
            }
        }
        let product = reader.id_opt(self.product_id.as_ref(), || path!["input", "productId"]);
        let category = reader.id_opt(self.category_id.as_ref(), || path!["input", "categoryId"]);
        if product.is_some() && category.is_some() {
            reader.invalid("name a product or a category, not both", || path!["input", "categoryId"]);
        }
        let of_category = category.map_or(FactorGoods::All, FactorGoods::Category);
        FactorSet {
            idempotency_key: self.idempotency_key,
            expected_version: self.expected_version.map(|version| version.0),
            fields: FactorFields {
                code: self.code,
                kind: self.kind.into(),
                name: self.name,
                store: reader.id_opt(self.store_id.as_ref(), || path!["input", "storeId"]),
                goods: product.map_or(of_category, FactorGoods::Product),
                country: self.country,
                from: self.from.map(|day| day.0),
                until: self.until.map(|day| day.0),
                values,
            },
        }
    }
}

impl FactorSeriesRemoveInput {
    pub(super) fn read(self) -> FactorRemoval {
        FactorRemoval { idempotency_key: self.idempotency_key, code: self.code }
    }
}

impl FactorSeriesPayload {
    pub(super) fn of(outcome: Result<CallResult<Option<Kept>>, FactorError>) -> Answer<Self> {
        Ok(match outcome {
            Err(error) => user_errors_of(error, refusal_error)?.into(),
            Ok(CallResult { value, seq, is_replayed }) => {
                Self { series: value.map(FactorSeries), user_errors: Vec::new(), replayed: is_replayed, seq: seq.map(Long) }
            }
        })
    }
}

fn input_path(name: &str) -> Path {
    path!["input", name]
}

fn refusal_error(refusal: FactorRefusal) -> UserError {
    match refusal {
        FactorRefusal::BadKey(reason) => UserError::invalid_key(reason, input_path("idempotencyKey")),
        FactorRefusal::Field(problem) => problem_error(problem),
        FactorRefusal::NoStore => UserError::not_found("store", input_path("storeId")),
        FactorRefusal::NoProduct => UserError::not_found("product", input_path("productId")),
        FactorRefusal::NoCategory => UserError::not_found("category", input_path("categoryId")),
        FactorRefusal::NotFound => UserError::not_found("factor series", input_path("code")),
        FactorRefusal::StoreNeeded => {
            UserError::new(ErrorCode::Invalid, "your rights are for your stores: name one of them", input_path("storeId"))
        }
        FactorRefusal::OthersCode => problem_error(FactorProblem::Code),
        FactorRefusal::TooMany(limit) => UserError::new(
            ErrorCode::LimitExceeded,
            format!("at most {limit} factor series of this sort are kept"),
            input_path("code"),
        ),
        FactorRefusal::Stale(actual) => UserError::version_conflict("factor series", actual),
        FactorRefusal::KeyReused => UserError::key_reused(input_path("idempotencyKey")),
    }
}

fn problem_error(problem: FactorProblem) -> UserError {
    let index = |index: usize, name: &str| path!["input", "values", index, name];
    match problem {
        FactorProblem::NoCode => UserError::new(ErrorCode::Required, "a code is needed", input_path("code")),
        FactorProblem::NoName => UserError::new(ErrorCode::Required, "a name is needed", input_path("name")),
        FactorProblem::Code => UserError::new(
            ErrorCode::Invalid,
            "a code of 1 to 64 characters is expected that no other store has",
            input_path("code"),
        ),
        FactorProblem::Name => {
            UserError::new(ErrorCode::Invalid, "a name of 1 to 200 characters is expected", input_path("name"))
        }
        FactorProblem::Country => {
            UserError::new(ErrorCode::Invalid, "a country of two letters is expected", input_path("country"))
        }
        FactorProblem::TwoPlaces => {
            UserError::new(ErrorCode::Invalid, "name a store or a country, not both", input_path("country"))
        }
        FactorProblem::NoValues => {
            UserError::new(ErrorCode::Required, "at least one day with a value is needed", input_path("values"))
        }
        FactorProblem::TooManyValues => {
            UserError::new(ErrorCode::LimitExceeded, format!("at most {MAX_DAYS} days are kept"), input_path("values"))
        }
        FactorProblem::Value(value_index) => UserError::new(
            ErrorCode::OutOfRange,
            "a number from -1000000000 to 1000000000 is expected",
            index(value_index, "value"),
        ),
        FactorProblem::SameDay(value_index) => {
            UserError::new(ErrorCode::Duplicate, "this day has a value already", index(value_index, "date"))
        }
        FactorProblem::Span => {
            UserError::new(ErrorCode::OutOfRange, "from and until enclose all days with a value", input_path("until"))
        }
    }
}

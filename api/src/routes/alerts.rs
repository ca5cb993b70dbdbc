//! Alerts: rules, channels, webhooks, the outbox, what somebody wants to be told.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use types::{
    AlertChannel, AlertPreferences, AlertRuleId, AlertRuleView, ChannelView, MessageId, MessageState,
    MessageView, OutboxCounts, Page, PersonId, Retried, RetryMessages, SaveAlertRule, SaveWebhook,
    TestMessage, TestOutcome, WebhookCreated, WebhookId, WebhookView,
};

use super::clamp_limit;
use crate::auth::{Account, Admin, After, Fresh};
use crate::domain::alerts::{self, outbox, preferences, rules, webhooks};
use crate::error::ApiError;
use crate::models::alert_rules::Whose;
use crate::state::App;

fn page<T>(items: Vec<T>) -> Page<T> {
    Page { items, next: None, total: None }
}

/// Lists rules.
#[utoipa::path(get, path = "/api/v1/alerts/rules", tag = "alerts", responses(
    (status = 200, body = Page<AlertRuleView>)))]
pub async fn list_alert_rules(app: web::Data<App>, _: Admin) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(page(app.db.run(rules::list).await?)))
}

/// Adds a rule.
#[utoipa::path(post, path = "/api/v1/alerts/rules", tag = "alerts", request_body = SaveAlertRule, responses(
    (status = 201, body = AlertRuleView), (status = 409, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody)))]
pub async fn create_alert_rule(
    app: web::Data<App>,
    After(admin, body): After<Admin, web::Json<SaveAlertRule>>,
) -> Result<HttpResponse, ApiError> {
    let rule = app.db.run(move |conn| rules::create(conn, admin.0.id, &body)).await?;
    Ok(HttpResponse::Created().json(rule))
}

/// Replaces a rule.
#[utoipa::path(put, path = "/api/v1/alerts/rules/{rule}", tag = "alerts", request_body = SaveAlertRule,
    params(("rule" = uuid::Uuid, Path,)), responses(
    (status = 200, body = AlertRuleView), (status = 404, body = types::ErrorBody),
    (status = 409, body = types::ErrorBody), (status = 422, body = types::ErrorBody)))]
pub async fn update_alert_rule(
    app: web::Data<App>,
    After(admin, (id, body)): After<Admin, (web::Path<AlertRuleId>, web::Json<SaveAlertRule>)>,
) -> Result<HttpResponse, ApiError> {
    let rule = app.db.run(move |conn| rules::update(conn, admin.0.id, *id, &body)).await?;
    Ok(HttpResponse::Ok().json(rule))
}

/// Deletes a rule.
#[utoipa::path(delete, path = "/api/v1/alerts/rules/{rule}", tag = "alerts",
    params(("rule" = uuid::Uuid, Path,)), responses(
    (status = 204, description = "Deleted"), (status = 404, body = types::ErrorBody)))]
pub async fn delete_alert_rule(
    app: web::Data<App>,
    After(admin, id): After<Admin, web::Path<AlertRuleId>>,
) -> Result<HttpResponse, ApiError> {
    app.db.run(move |conn| rules::delete(conn, admin.0.id, *id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Says by which channels the server can send.
#[utoipa::path(get, path = "/api/v1/alerts/channels", tag = "alerts", responses(
    (status = 200, body = Page<ChannelView>)))]
pub async fn list_alert_channels(app: web::Data<App>, _: Admin) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(page(alerts::channels(&app))))
}

/// Sends a test message by e-mail or SMS, and waits for what becomes of it.
#[utoipa::path(post, path = "/api/v1/alerts/channels/{channel}/test", tag = "alerts", request_body = TestMessage,
    params(("channel" = AlertChannel, Path,)), responses(
    (status = 200, body = TestOutcome), (status = 404, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody)))]
pub async fn test_alert_channel(
    app: web::Data<App>,
    After(_, (channel, body)): After<Admin, (web::Path<AlertChannel>, web::Json<TestMessage>)>,
) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(alerts::test(&app, *channel, &body.to).await?))
}

/// Lists webhooks.
#[utoipa::path(get, path = "/api/v1/alerts/webhooks", tag = "alerts", responses(
    (status = 200, body = Page<WebhookView>)))]
pub async fn list_webhooks(app: web::Data<App>, _: Admin) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(page(app.db.run(webhooks::list).await?)))
}

/// Adds a webhook; its secret is shown this once.
#[utoipa::path(post, path = "/api/v1/alerts/webhooks", tag = "alerts", request_body = SaveWebhook, responses(
    (status = 201, body = WebhookCreated), (status = 409, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody)))]
pub async fn create_webhook(
    app: web::Data<App>,
    After(admin, body): After<Fresh<Admin>, web::Json<SaveWebhook>>,
) -> Result<HttpResponse, ApiError> {
    let made = webhooks::create(&app, admin.0.0.id, body.into_inner()).await?;
    Ok(HttpResponse::Created().insert_header(("Cache-Control", "no-store")).json(made))
}

/// Changes a webhook's name and address, and whether it is used.
#[utoipa::path(put, path = "/api/v1/alerts/webhooks/{webhook}", tag = "alerts", request_body = SaveWebhook,
    params(("webhook" = uuid::Uuid, Path,)), responses(
    (status = 200, body = WebhookView), (status = 404, body = types::ErrorBody),
    (status = 409, body = types::ErrorBody), (status = 422, body = types::ErrorBody)))]
pub async fn update_webhook(
    app: web::Data<App>,
    After(admin, (id, body)): After<Fresh<Admin>, (web::Path<WebhookId>, web::Json<SaveWebhook>)>,
) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(webhooks::update(&app, admin.0.0.id, *id, body.into_inner()).await?))
}

/// Deletes a webhook and what waits for it.
#[utoipa::path(delete, path = "/api/v1/alerts/webhooks/{webhook}", tag = "alerts",
    params(("webhook" = uuid::Uuid, Path,)), responses(
    (status = 204, description = "Deleted"), (status = 404, body = types::ErrorBody)))]
pub async fn delete_webhook(
    app: web::Data<App>,
    After(admin, id): After<Admin, web::Path<WebhookId>>,
) -> Result<HttpResponse, ApiError> {
    app.db.run(move |conn| webhooks::delete(conn, admin.0.id, *id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Gives a webhook another secret, which is shown this once.
#[utoipa::path(post, path = "/api/v1/alerts/webhooks/{webhook}/secret", tag = "alerts",
    params(("webhook" = uuid::Uuid, Path,)), responses(
    (status = 200, body = WebhookCreated), (status = 404, body = types::ErrorBody)))]
pub async fn rotate_webhook_secret(
    app: web::Data<App>,
    After(admin, id): After<Fresh<Admin>, web::Path<WebhookId>>,
) -> Result<HttpResponse, ApiError> {
    let made = webhooks::rotate(&app, admin.0.0.id, *id).await?;
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(made))
}

/// Sends a test to a webhook, and waits for what becomes of it.
#[utoipa::path(post, path = "/api/v1/alerts/webhooks/{webhook}/test", tag = "alerts",
    params(("webhook" = uuid::Uuid, Path,)), responses(
    (status = 200, body = TestOutcome), (status = 404, body = types::ErrorBody)))]
pub async fn test_webhook(
    app: web::Data<App>,
    After(_, id): After<Admin, web::Path<WebhookId>>,
) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(webhooks::test(&app, *id).await?))
}

/// Which messages.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct OutboxQuery {
    /// Those of one state; `dead` are the dead letters.
    #[param(inline)]
    state: Option<MessageState>,
    /// Messages of a page: 1 to 200, default 50.
    limit: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Lists messages, newest first.
#[utoipa::path(get, path = "/api/v1/alerts/outbox", tag = "alerts", params(OutboxQuery), responses(
    (status = 200, body = Page<MessageView>), (status = 422, body = types::ErrorBody)))]
pub async fn list_outbox(
    app: web::Data<App>,
    After(_, query): After<Admin, web::Query<OutboxQuery>>,
) -> Result<HttpResponse, ApiError> {
    let OutboxQuery { state, limit, after } = query.into_inner();
    let limit = clamp_limit(limit)?;
    let messages = app.db.run(move |conn| outbox::list(conn, state, after.as_deref(), limit)).await?;
    Ok(HttpResponse::Ok().json(messages))
}

/// Counts messages by state.
#[utoipa::path(get, path = "/api/v1/alerts/outbox/counts", tag = "alerts", responses(
    (status = 200, body = OutboxCounts)))]
pub async fn count_outbox(app: web::Data<App>, _: Admin) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(app.db.run(outbox::counts).await?))
}

/// Has all dead or held messages sent now.
#[utoipa::path(post, path = "/api/v1/alerts/outbox/retry", tag = "alerts", request_body = RetryMessages,
    responses((status = 200, body = Retried), (status = 422, body = types::ErrorBody)))]
pub async fn retry_outbox(
    app: web::Data<App>,
    After(admin, body): After<Admin, web::Json<RetryMessages>>,
) -> Result<HttpResponse, ApiError> {
    let retried = app.db.run(move |conn| outbox::retry_all(conn, admin.0.id, body.state)).await?;
    Ok(HttpResponse::Ok().json(retried))
}

/// Has a dead or held message sent now.
#[utoipa::path(post, path = "/api/v1/alerts/outbox/{message}/retry", tag = "alerts",
    params(("message" = uuid::Uuid, Path,)), responses(
    (status = 200, body = Retried), (status = 404, body = types::ErrorBody)))]
pub async fn retry_message(
    app: web::Data<App>,
    After(admin, id): After<Admin, web::Path<MessageId>>,
) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(app.db.run(move |conn| outbox::retry(conn, admin.0.id, *id)).await?))
}

/// Drops a message that was not sent.
#[utoipa::path(delete, path = "/api/v1/alerts/outbox/{message}", tag = "alerts",
    params(("message" = uuid::Uuid, Path,)), responses(
    (status = 204, description = "Dropped"), (status = 404, body = types::ErrorBody)))]
pub async fn drop_message(
    app: web::Data<App>,
    After(admin, id): After<Admin, web::Path<MessageId>>,
) -> Result<HttpResponse, ApiError> {
    app.db.run(move |conn| outbox::delete(conn, admin.0.id, *id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Shows what the caller wants to be told.
#[utoipa::path(get, path = "/api/v1/alerts/preferences", tag = "alerts", responses(
    (status = 200, body = AlertPreferences)))]
pub async fn get_alert_preferences(
    app: web::Data<App>,
    Account(user): Account,
) -> Result<HttpResponse, ApiError> {
    let found = app.db.run(move |conn| preferences::get(conn, Whose::User(user.id.0))).await?;
    Ok(HttpResponse::Ok().json(found))
}

/// Replaces what the caller wants to be told.
#[utoipa::path(put, path = "/api/v1/alerts/preferences", tag = "alerts", request_body = AlertPreferences,
    responses((status = 200, body = AlertPreferences), (status = 422, body = types::ErrorBody)))]
pub async fn put_alert_preferences(
    app: web::Data<App>,
    After(Account(user), body): After<Account, web::Json<AlertPreferences>>,
) -> Result<HttpResponse, ApiError> {
    let put = move |conn: &mut _| preferences::put(conn, user.id, Whose::User(user.id.0), &body);
    Ok(HttpResponse::Ok().json(app.db.run(put).await?))
}

/// Shows what a person wants to be told who has no account.
#[utoipa::path(get, path = "/api/v1/alerts/people/{person}/preferences", tag = "alerts",
    params(("person" = uuid::Uuid, Path,)), responses(
    (status = 200, body = AlertPreferences), (status = 404, body = types::ErrorBody)))]
pub async fn get_person_alert_preferences(
    app: web::Data<App>,
    After(_, id): After<Admin, web::Path<PersonId>>,
) -> Result<HttpResponse, ApiError> {
    let found = app.db.run(move |conn| preferences::get(conn, Whose::Person(id.0))).await?;
    Ok(HttpResponse::Ok().json(found))
}

/// Replaces what a person wants to be told; where they have an account, what that says counts.
#[utoipa::path(put, path = "/api/v1/alerts/people/{person}/preferences", tag = "alerts",
    request_body = AlertPreferences, params(("person" = uuid::Uuid, Path,)), responses(
    (status = 200, body = AlertPreferences), (status = 404, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody)))]
pub async fn put_person_alert_preferences(
    app: web::Data<App>,
    After(admin, (id, body)): After<Admin, (web::Path<PersonId>, web::Json<AlertPreferences>)>,
) -> Result<HttpResponse, ApiError> {
    let put = move |conn: &mut _| preferences::put(conn, admin.0.id, Whose::Person(id.0), &body);
    Ok(HttpResponse::Ok().json(app.db.run(put).await?))
}

// @generated automatically by Diesel CLI.

diesel::table! {
    alert_preferences (id) {
        id -> Uuid,
        user_id -> Nullable<Uuid>,
        person_id -> Nullable<Uuid>,
        preferences -> Jsonb,
        changed_at -> Timestamptz,
    }
}

diesel::table! {
    alert_rules (id) {
        id -> Uuid,
        name -> Text,
        kind -> Text,
        group_id -> Nullable<Uuid>,
        feed_id -> Nullable<Uuid>,
        channels -> Jsonb,
        recipients -> Jsonb,
        quiet_hours -> Nullable<Jsonb>,
        digest -> Jsonb,
        enabled -> Bool,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    api_keys (id) {
        id -> Uuid,
        name -> Text,
        prefix -> Text,
        key_hash -> Bytea,
        scopes -> Text,
        created_by -> Uuid,
        created_at -> Timestamptz,
        expires_at -> Nullable<Timestamptz>,
        last_used_at -> Nullable<Timestamptz>,
        last_used_address -> Nullable<Inet>,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    arrival_probes (arrival_id) {
        arrival_id -> Uuid,
        person_id -> Uuid,
        model_pack -> Text,
        sealed -> Bytea,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    arrivals (id) {
        id -> Uuid,
        person_id -> Uuid,
        feed_id -> Uuid,
        at -> Timestamptz,
        span -> Tstzrange,
        recorded_at -> Timestamptz,
        captured_at -> Timestamptz,
        received_at -> Timestamptz,
        method -> Text,
        model_pack -> Nullable<Text>,
        similarity -> Nullable<Float4>,
        margin -> Nullable<Float4>,
        runner_up -> Nullable<Uuid>,
        runner_up_similarity -> Nullable<Float4>,
        threshold -> Nullable<Float4>,
        min_margin -> Nullable<Float4>,
        liveness -> Nullable<Float4>,
        sender_kind -> Text,
        sender_id -> Uuid,
        source_kind -> Text,
        source_address -> Nullable<Inet>,
        time_unproven -> Bool,
        written_by -> Int8,
        liveness_evidence -> Nullable<Jsonb>,
        voided_at -> Nullable<Timestamptz>,
        voided_by -> Nullable<Uuid>,
        void_reason -> Nullable<Text>,
        reassigned_from -> Nullable<Uuid>,
        provisional -> Bool,
        confirmed_at -> Nullable<Timestamptz>,
        confirmed_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    attendance_days (person_id, schedule_id, day, slot) {
        person_id -> Uuid,
        schedule_id -> Uuid,
        day -> Date,
        slot -> Int2,
        group_id -> Nullable<Uuid>,
        starts_at -> Timestamptz,
        ends_at -> Timestamptz,
        state -> Text,
        by_hand -> Bool,
        mark_id -> Nullable<Uuid>,
        first_in -> Nullable<Timestamptz>,
        last_out -> Nullable<Timestamptz>,
        late_minutes -> Int4,
        early_minutes -> Int4,
        worked_minutes -> Nullable<Int4>,
        computed_at -> Timestamptz,
        seen_minutes -> Nullable<Int4>,
    }
}

diesel::table! {
    attendance_recomputes (id) {
        id -> Int8,
        group_id -> Nullable<Uuid>,
        from_day -> Date,
        until_day -> Date,
    }
}

diesel::table! {
    audit (id) {
        id -> Int8,
        at -> Timestamptz,
        actor_kind -> Text,
        actor_id -> Nullable<Uuid>,
        action -> Text,
        subject_kind -> Text,
        subject_id -> Nullable<Uuid>,
        detail -> Nullable<Jsonb>,
        salt -> Nullable<Bytea>,
    }
}

diesel::table! {
    audit_chain (seq) {
        seq -> Int8,
        audit_id -> Int8,
        values_hash -> Bytea,
        hash -> Bytea,
    }
}

diesel::table! {
    audit_pending (audit_id) {
        audit_id -> Int8,
    }
}

diesel::table! {
    badges (id) {
        id -> Uuid,
        person_id -> Uuid,
        created_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
        last_used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    consent_history (id) {
        id -> Uuid,
        person_id -> Uuid,
        given_by -> Text,
        at -> Timestamptz,
        text_version -> Text,
        recorded_by -> Uuid,
        recorded_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
        ended_by -> Nullable<Uuid>,
        withdrawn -> Bool,
    }
}

diesel::table! {
    consent_texts (version) {
        version -> Text,
        text -> Text,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    consents (person_id) {
        person_id -> Uuid,
        given_by -> Text,
        at -> Timestamptz,
        text_version -> Text,
        recorded_by -> Uuid,
        recorded_at -> Timestamptz,
    }
}

diesel::table! {
    corrections (id) {
        id -> Uuid,
        person_id -> Uuid,
        schedule_id -> Uuid,
        day -> Date,
        slot -> Int2,
        state -> Text,
        reason -> Text,
        asked_by -> Uuid,
        asked_at -> Timestamptz,
        approved -> Nullable<Bool>,
        decided_by -> Nullable<Uuid>,
        decided_at -> Nullable<Timestamptz>,
        decision_note -> Nullable<Text>,
        mark_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    enrolment_overrides (person_a, person_b) {
        person_a -> Uuid,
        person_b -> Uuid,
        decided_by -> Uuid,
        decided_at -> Timestamptz,
    }
}

diesel::table! {
    face_counts (day) {
        day -> Date,
        faces -> Int8,
    }
}

diesel::table! {
    feed_devices (feed_id, device_id) {
        feed_id -> Uuid,
        device_id -> Uuid,
        heartbeat -> Jsonb,
        received_at -> Timestamptz,
        drift_ms -> Int8,
        address -> Nullable<Inet>,
        backlog_from -> Nullable<Timestamptz>,
        backlog_lost -> Bool,
    }
}

diesel::table! {
    feed_gaps (id) {
        id -> Uuid,
        feed_id -> Uuid,
        from_at -> Timestamptz,
        until_at -> Nullable<Timestamptz>,
        filled_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    feed_groups (feed_id, group_id) {
        feed_id -> Uuid,
        group_id -> Uuid,
    }
}

diesel::table! {
    feed_tokens (id) {
        id -> Uuid,
        feed_id -> Uuid,
        kind -> Text,
        token_hash -> Bytea,
        created_at -> Timestamptz,
        last_used_at -> Nullable<Timestamptz>,
        last_address -> Nullable<Inet>,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    feeds (id) {
        id -> Uuid,
        name -> Text,
        liveness -> Text,
        min_frames -> Int4,
        dedup_seconds -> Int4,
        max_fps -> Int4,
        direction -> Text,
        reveals -> Text,
        threshold -> Nullable<Float4>,
        margin -> Nullable<Float4>,
        last_frame_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        deleted_at -> Nullable<Timestamptz>,
        range -> Text,
        on_doubt -> Text,
        tuned_for -> Nullable<Text>,
        device_settings -> Jsonb,
        settings_revision -> Int4,
        served_by -> Nullable<Text>,
    }
}

diesel::table! {
    gallery_changes (person_id) {
        person_id -> Uuid,
        revision -> Int8,
    }
}

diesel::table! {
    gallery_revision (singleton) {
        singleton -> Bool,
        revision -> Int8,
    }
}

diesel::table! {
    group_members (id) {
        group_id -> Uuid,
        person_id -> Uuid,
        id -> Uuid,
        from_day -> Nullable<Date>,
        until_day -> Nullable<Date>,
    }
}

diesel::table! {
    group_schedules (id) {
        id -> Uuid,
        group_id -> Uuid,
        schedule_id -> Uuid,
        from_day -> Date,
        until_day -> Nullable<Date>,
    }
}

diesel::table! {
    groups (id) {
        id -> Uuid,
        name -> Text,
        kind -> Text,
    }
}

diesel::table! {
    holidays (id) {
        id -> Uuid,
        group_id -> Nullable<Uuid>,
        name -> Text,
        from_day -> Date,
        until_day -> Date,
    }
}

diesel::table! {
    import_rows (import_id, number) {
        import_id -> Uuid,
        number -> Int4,
        name -> Text,
        verdict -> Text,
        problems -> Jsonb,
        cells -> Jsonb,
    }
}

diesel::table! {
    imports (id) {
        id -> Uuid,
        kind -> Text,
        state -> Text,
        created_by -> Uuid,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        touched_at -> Timestamptz,
        source -> Jsonb,
        done -> Int4,
        total -> Int4,
        message -> Nullable<Text>,
    }
}

diesel::table! {
    invitations (user_id) {
        user_id -> Uuid,
        token_hash -> Bytea,
        created_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    kiosk_check_ins (id) {
        id -> Uuid,
        feed_id -> Uuid,
        arrival_id -> Uuid,
        received_at -> Timestamptz,
    }
}

diesel::table! {
    kiosk_pairings (code_hash) {
        code_hash -> Bytea,
        feed_id -> Uuid,
        created_by -> Uuid,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    marks (id) {
        id -> Uuid,
        person_id -> Uuid,
        schedule_id -> Uuid,
        day -> Date,
        slot -> Int2,
        state -> Nullable<Text>,
        note -> Nullable<Text>,
        marked_by -> Uuid,
        marked_at -> Timestamptz,
    }
}

diesel::table! {
    model_packs (id) {
        id -> Text,
        active -> Bool,
        activated_at -> Nullable<Timestamptz>,
        added_at -> Timestamptz,
    }
}

diesel::table! {
    non_matches (id) {
        id -> Uuid,
        person_id -> Uuid,
        model_pack -> Text,
        sealed -> Bytea,
        decided_by -> Uuid,
        decided_at -> Timestamptz,
    }
}

diesel::table! {
    oidc_identities (issuer, subject) {
        issuer -> Text,
        subject -> Text,
        user_id -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    oidc_sign_ins (token_hash) {
        token_hash -> Bytea,
        return_to -> Text,
        old_session -> Nullable<Bytea>,
        confirms -> Nullable<Uuid>,
        user_id -> Nullable<Uuid>,
        authenticated_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    outbox (id) {
        id -> Uuid,
        key -> Text,
        kind -> Text,
        channel -> Text,
        target -> Text,
        webhook_id -> Nullable<Uuid>,
        user_id -> Nullable<Uuid>,
        person_id -> Nullable<Uuid>,
        feed_id -> Nullable<Uuid>,
        report_schedule_id -> Nullable<Uuid>,
        to_person -> Bool,
        schedule_id -> Nullable<Uuid>,
        day -> Nullable<Date>,
        slot -> Nullable<Int2>,
        payload -> Jsonb,
        bundle -> Text,
        state -> Text,
        created_at -> Timestamptz,
        not_before -> Timestamptz,
        delivery_id -> Nullable<Uuid>,
        claimed_until -> Nullable<Timestamptz>,
        attempts -> Int4,
        last_error -> Nullable<Text>,
        sent_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    people (id) {
        id -> Uuid,
        name -> Text,
        external_id -> Text,
        email -> Nullable<Text>,
        phone -> Nullable<Text>,
        branch -> Nullable<Text>,
        year -> Nullable<Int2>,
        archived_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        search -> Text,
    }
}

diesel::table! {
    person_keys (person_id) {
        person_id -> Uuid,
        master_key_version -> Int4,
        wrapped -> Bytea,
    }
}

diesel::table! {
    person_pins (person_id) {
        person_id -> Uuid,
        pin_hash -> Text,
        set_at -> Timestamptz,
        wrong_tries -> Int4,
    }
}

diesel::table! {
    photos (id) {
        id -> Uuid,
        person_id -> Uuid,
        width -> Int4,
        height -> Int4,
        quality -> Jsonb,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    recovery_codes (user_id, code_hash) {
        user_id -> Uuid,
        code_hash -> Bytea,
    }
}

diesel::table! {
    report_schedules (id) {
        id -> Uuid,
        name -> Text,
        kind -> Text,
        range -> Text,
        group_id -> Nullable<Uuid>,
        format -> Text,
        users -> Jsonb,
        emails -> Jsonb,
        cadence -> Jsonb,
        at_minute -> Int2,
        enabled -> Bool,
        last_run_at -> Nullable<Timestamptz>,
        next_run_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    retention (singleton) {
        singleton -> Bool,
        arrivals_days -> Nullable<Int4>,
        attendance_days -> Nullable<Int4>,
        audit_days -> Nullable<Int4>,
        imports_days -> Int4,
        arrivals_erased_until -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    retention_runs (day) {
        day -> Date,
        at -> Timestamptz,
    }
}

diesel::table! {
    review_faces (id) {
        id -> Uuid,
        item_id -> Uuid,
        feed_id -> Uuid,
        at -> Timestamptz,
        expires_at -> Timestamptz,
        why -> Text,
        liveness -> Nullable<Float4>,
        picture -> Bytea,
        template -> Bytea,
    }
}

diesel::table! {
    review_items (id) {
        id -> Uuid,
        model_pack -> Text,
        threshold -> Float4,
        master_key_version -> Int4,
        wrapped -> Bytea,
        sightings -> Int8,
        first_seen -> Timestamptz,
        last_seen -> Timestamptz,
    }
}

diesel::table! {
    review_settings (singleton) {
        singleton -> Bool,
        enabled -> Bool,
        reason -> Nullable<Text>,
        keep_hours -> Int4,
    }
}

diesel::table! {
    schedule_runs (schedule_id, day, slot) {
        schedule_id -> Uuid,
        day -> Date,
        slot -> Int2,
        opened_at -> Timestamptz,
        closed_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    schedule_versions (schedule_id, from_day) {
        schedule_id -> Uuid,
        from_day -> Date,
        rules -> Jsonb,
        created_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    schedules (id) {
        id -> Uuid,
        name -> Text,
        kind -> Text,
        timezone -> Nullable<Text>,
        created_at -> Timestamptz,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    seal_keys (singleton) {
        singleton -> Bool,
        master_key_version -> Int4,
        wrapped -> Bytea,
        sealed -> Bytea,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    second_factors (user_id) {
        user_id -> Uuid,
        master_key_version -> Int4,
        wrapped -> Bytea,
        sealed -> Bytea,
        confirmed_at -> Nullable<Timestamptz>,
        last_step -> Int8,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    sessions (id_hash) {
        id_hash -> Bytea,
        user_id -> Uuid,
        created_at -> Timestamptz,
        last_seen_at -> Timestamptz,
        expires_at -> Timestamptz,
        address -> Nullable<Inet>,
        user_agent -> Nullable<Text>,
        id -> Uuid,
        confirmed_at -> Timestamptz,
    }
}

diesel::table! {
    settings (singleton) {
        singleton -> Bool,
        site_name -> Text,
        timezone -> Text,
        admins_need_second_factor -> Bool,
    }
}

diesel::table! {
    sign_in_failures (id) {
        id -> Int8,
        account -> Text,
        address -> Inet,
        at -> Timestamptz,
    }
}

diesel::table! {
    templates (photo_id, model_pack) {
        photo_id -> Uuid,
        model_pack -> Text,
        person_id -> Uuid,
        sealed -> Bytea,
    }
}

diesel::table! {
    unusable_photos (photo_id, model_pack) {
        photo_id -> Uuid,
        model_pack -> Text,
        reason -> Text,
    }
}

diesel::table! {
    user_feeds (user_id, feed_id) {
        user_id -> Uuid,
        feed_id -> Uuid,
    }
}

diesel::table! {
    user_groups (user_id, group_id) {
        user_id -> Uuid,
        group_id -> Uuid,
    }
}

diesel::table! {
    users (id) {
        id -> Uuid,
        email -> Text,
        password_hash -> Nullable<Text>,
        role -> Text,
        created_at -> Timestamptz,
        owner -> Bool,
        person_id -> Nullable<Uuid>,
        disabled_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    webhooks (id) {
        id -> Uuid,
        name -> Text,
        url -> Text,
        enabled -> Bool,
        master_key_version -> Int4,
        wrapped -> Bytea,
        sealed -> Bytea,
        secret_changed_at -> Timestamptz,
        created_at -> Timestamptz,
    }
}

diesel::joinable!(alert_preferences -> people (person_id));
diesel::joinable!(alert_preferences -> users (user_id));
diesel::joinable!(alert_rules -> feeds (feed_id));
diesel::joinable!(alert_rules -> groups (group_id));
diesel::joinable!(arrival_probes -> arrivals (arrival_id));
diesel::joinable!(arrival_probes -> model_packs (model_pack));
diesel::joinable!(arrival_probes -> people (person_id));
diesel::joinable!(arrivals -> feeds (feed_id));
diesel::joinable!(arrivals -> people (person_id));
diesel::joinable!(attendance_days -> groups (group_id));
diesel::joinable!(attendance_days -> marks (mark_id));
diesel::joinable!(attendance_days -> people (person_id));
diesel::joinable!(attendance_days -> schedules (schedule_id));
diesel::joinable!(badges -> people (person_id));
diesel::joinable!(consent_history -> people (person_id));
diesel::joinable!(consents -> people (person_id));
diesel::joinable!(corrections -> marks (mark_id));
diesel::joinable!(corrections -> people (person_id));
diesel::joinable!(corrections -> schedules (schedule_id));
diesel::joinable!(feed_devices -> feeds (feed_id));
diesel::joinable!(feed_gaps -> feeds (feed_id));
diesel::joinable!(feed_groups -> feeds (feed_id));
diesel::joinable!(feed_groups -> groups (group_id));
diesel::joinable!(feed_tokens -> feeds (feed_id));
diesel::joinable!(group_members -> groups (group_id));
diesel::joinable!(group_members -> people (person_id));
diesel::joinable!(group_schedules -> groups (group_id));
diesel::joinable!(group_schedules -> schedules (schedule_id));
diesel::joinable!(holidays -> groups (group_id));
diesel::joinable!(import_rows -> imports (import_id));
diesel::joinable!(invitations -> users (user_id));
diesel::joinable!(kiosk_check_ins -> arrivals (arrival_id));
diesel::joinable!(kiosk_check_ins -> feeds (feed_id));
diesel::joinable!(kiosk_pairings -> feeds (feed_id));
diesel::joinable!(marks -> people (person_id));
diesel::joinable!(marks -> schedules (schedule_id));
diesel::joinable!(non_matches -> model_packs (model_pack));
diesel::joinable!(non_matches -> people (person_id));
diesel::joinable!(oidc_identities -> users (user_id));
diesel::joinable!(oidc_sign_ins -> users (user_id));
diesel::joinable!(outbox -> feeds (feed_id));
diesel::joinable!(outbox -> people (person_id));
diesel::joinable!(outbox -> report_schedules (report_schedule_id));
diesel::joinable!(outbox -> users (user_id));
diesel::joinable!(outbox -> webhooks (webhook_id));
diesel::joinable!(person_keys -> people (person_id));
diesel::joinable!(person_pins -> people (person_id));
diesel::joinable!(photos -> people (person_id));
diesel::joinable!(recovery_codes -> second_factors (user_id));
diesel::joinable!(report_schedules -> groups (group_id));
diesel::joinable!(review_faces -> feeds (feed_id));
diesel::joinable!(review_faces -> review_items (item_id));
diesel::joinable!(schedule_runs -> schedules (schedule_id));
diesel::joinable!(schedule_versions -> schedules (schedule_id));
diesel::joinable!(second_factors -> users (user_id));
diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(templates -> model_packs (model_pack));
diesel::joinable!(templates -> people (person_id));
diesel::joinable!(templates -> photos (photo_id));
diesel::joinable!(unusable_photos -> model_packs (model_pack));
diesel::joinable!(unusable_photos -> photos (photo_id));
diesel::joinable!(user_feeds -> feeds (feed_id));
diesel::joinable!(user_feeds -> users (user_id));
diesel::joinable!(user_groups -> groups (group_id));
diesel::joinable!(user_groups -> users (user_id));
diesel::joinable!(users -> people (person_id));

diesel::allow_tables_to_appear_in_same_query!(
    alert_preferences,
    alert_rules,
    api_keys,
    arrival_probes,
    arrivals,
    attendance_days,
    attendance_recomputes,
    audit,
    audit_chain,
    audit_pending,
    badges,
    consent_history,
    consent_texts,
    consents,
    corrections,
    enrolment_overrides,
    face_counts,
    feed_devices,
    feed_gaps,
    feed_groups,
    feed_tokens,
    feeds,
    gallery_changes,
    gallery_revision,
    group_members,
    group_schedules,
    groups,
    holidays,
    import_rows,
    imports,
    invitations,
    kiosk_check_ins,
    kiosk_pairings,
    marks,
    model_packs,
    non_matches,
    oidc_identities,
    oidc_sign_ins,
    outbox,
    people,
    person_keys,
    person_pins,
    photos,
    recovery_codes,
    report_schedules,
    retention,
    retention_runs,
    review_faces,
    review_items,
    review_settings,
    schedule_runs,
    schedule_versions,
    schedules,
    seal_keys,
    second_factors,
    sessions,
    settings,
    sign_in_failures,
    templates,
    unusable_photos,
    user_feeds,
    user_groups,
    users,
    webhooks,
);

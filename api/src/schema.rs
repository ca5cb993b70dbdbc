// @generated automatically by Diesel CLI.

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
        detail -> Jsonb,
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
        token_hash -> Bytea,
        last_frame_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        deleted_at -> Nullable<Timestamptz>,
        range -> Text,
        on_doubt -> Text,
        tuned_for -> Nullable<Text>,
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
    group_members (group_id, person_id) {
        group_id -> Uuid,
        person_id -> Uuid,
    }
}

diesel::table! {
    groups (id) {
        id -> Uuid,
        name -> Text,
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
    sessions (id_hash) {
        id_hash -> Bytea,
        user_id -> Uuid,
        created_at -> Timestamptz,
        last_seen_at -> Timestamptz,
        expires_at -> Timestamptz,
        address -> Nullable<Inet>,
        user_agent -> Nullable<Text>,
    }
}

diesel::table! {
    settings (singleton) {
        singleton -> Bool,
        site_name -> Text,
        timezone -> Text,
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
    users (id) {
        id -> Uuid,
        email -> Text,
        password_hash -> Text,
        role -> Text,
        created_at -> Timestamptz,
    }
}

diesel::joinable!(arrivals -> feeds (feed_id));
diesel::joinable!(arrivals -> people (person_id));
diesel::joinable!(consents -> people (person_id));
diesel::joinable!(group_members -> groups (group_id));
diesel::joinable!(group_members -> people (person_id));
diesel::joinable!(non_matches -> model_packs (model_pack));
diesel::joinable!(non_matches -> people (person_id));
diesel::joinable!(person_keys -> people (person_id));
diesel::joinable!(photos -> people (person_id));
diesel::joinable!(review_faces -> feeds (feed_id));
diesel::joinable!(review_faces -> review_items (item_id));
diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(templates -> model_packs (model_pack));
diesel::joinable!(templates -> people (person_id));
diesel::joinable!(templates -> photos (photo_id));
diesel::joinable!(unusable_photos -> model_packs (model_pack));
diesel::joinable!(unusable_photos -> photos (photo_id));

diesel::allow_tables_to_appear_in_same_query!(
    arrivals,
    audit,
    consents,
    enrolment_overrides,
    face_counts,
    feeds,
    gallery_changes,
    gallery_revision,
    group_members,
    groups,
    model_packs,
    non_matches,
    people,
    person_keys,
    photos,
    review_faces,
    review_items,
    review_settings,
    sessions,
    settings,
    sign_in_failures,
    templates,
    unusable_photos,
    users,
);

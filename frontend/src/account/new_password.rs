//! A new password, typed twice: the rule is told before, and what there is to say about it while it is typed.

use leptos::prelude::*;

use super::strength::Strength;
use crate::language::say;
use crate::ui::TextField;

/// What was typed, and what is wrong with it.
#[derive(Clone, Copy)]
pub struct NewPassword {
    /// The password.
    pub text: RwSignal<String>,
    again: RwSignal<String>,
    /// What is wrong with the password.
    pub problem: RwSignal<Option<String>>,
    again_problem: RwSignal<Option<String>>,
}

impl NewPassword {
    /// Nothing typed yet.
    pub fn new() -> Self {
        Self {
            text: RwSignal::new(String::new()),
            again: RwSignal::new(String::new()),
            problem: RwSignal::new(None),
            again_problem: RwSignal::new(None),
        }
    }

    /// The password, or the problems shown at the fields.
    pub fn checked(self) -> Option<String> {
        let text = self.text.get_untracked();
        let strength = Strength::of(&text);
        let differs = self.again.get_untracked() != text;
        self.problem.set((!strength.is_taken()).then(|| words(strength)));
        self.again_problem.set(differs.then(|| say!(account.password_differs).to_owned()));
        (strength.is_taken() && !differs).then_some(text)
    }

    /// Forgets what was typed.
    pub fn clear(self) {
        self.text.try_set(String::new());
        self.again.try_set(String::new());
    }
}

fn words(strength: Strength) -> String {
    let words = match strength {
        Strength::Short(missing) => return say!(account.password_short, count = missing as u32),
        Strength::Long => say!(account.password_long),
        Strength::Repeats => say!(account.password_repeats),
        Strength::Sequence => say!(account.password_sequence),
        Strength::Digits => say!(account.password_digits),
        Strength::Common => say!(account.password_common),
        Strength::Good => say!(account.password_good),
    };
    words.to_owned()
}

/// The two fields.
#[component]
pub fn NewPasswordFields(new: NewPassword) -> impl IntoView {
    // A problem of the last attempt stands until something else is typed.
    Effect::new(move |_| {
        new.text.track();
        new.problem.set(None);
    });
    Effect::new(move |_| {
        new.again.track();
        new.again_problem.set(None);
    });
    let strength = Memo::new(move |_| new.text.with(|text| (!text.is_empty()).then(|| Strength::of(text))));
    let verdict = move || strength.get().filter(|_| new.problem.with(Option::is_none));
    let class = move || match verdict() {
        Some(Strength::Good) => "note text-known",
        Some(Strength::Short(_)) | None => "note",
        Some(_) => "note text-uncertain",
    };
    view! {
        <div class="grid gap-1">
            <TextField
                id="password-new"
                label=say!(account.password_new)
                value=new.text
                problem=new.problem
                kind="password"
                autocomplete="new-password"
                required=true
                hint=say!(account.password_rule)
                testid="password-new"
            />
            <p class=class role="status">{move || verdict().map(words)}</p>
        </div>
        <TextField
            id="password-again"
            label=say!(account.password_again)
            value=new.again
            problem=new.again_problem
            kind="password"
            autocomplete="new-password"
            required=true
            testid="password-again"
        />
    }
}

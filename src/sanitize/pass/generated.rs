//! Passwords that Terraform made: `{"type": "random_password", "instances": [{"attributes": {"result": …}}]}`.

use crate::tree::{Members, Tree};

/// The resource that is a password.
const KIND: &str = "random_password";

/// True for a member in which the attributes of such a resource stand.
pub(super) fn holds_password(name: &str, siblings: Members<'_>) -> bool {
    name == "instances" && siblings.get("type").and_then(Tree::as_str) == Some(KIND)
}

/// True for an attribute that is the password, or a hash of it.
pub(super) fn is_password(name: &str) -> bool {
    matches!(name, "result" | "bcrypt_hash")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::sanitize::Sanitizer;

    fn written(value: &Value) -> String {
        let mut out = Vec::new();
        Sanitizer::default().write_value(&mut out, value, 64 * 1024);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn what_a_resource_made_as_a_password_goes_and_nothing_beside_it() {
        let made = json!({"length": 9, "result": "Kq7!xTm2w", "bcrypt_hash": "$2a$10$abc"});
        let of = |kind: &str| {
            json!({"resources": [
                {"instances": [{"attributes": made.clone()}], "type": kind, "zone": {"result": "kept one"}},
            ], "outputs": {"result": "kept two"}})
        };
        let text = written(&of("random_password"));
        assert!(!text.contains("Kq7") && !text.contains("$2a"), "{text}");
        assert!(
            text.contains("kept one") && text.contains("kept two"),
            "{text}"
        );
        let text = written(&of("random_pet"));
        assert!(text.contains("Kq7!xTm2w"), "{text}");
    }
}

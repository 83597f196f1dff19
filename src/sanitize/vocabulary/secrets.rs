//! Names of passwords, codes and keys.

/// Passwords in languages other than English.
#[rustfmt::skip]
pub(in crate::sanitize) const PASSWORDS: &[&str] = &[
    "passwort", "kennwort", "losungswort", "benutzerpasswort", "benutzerkennwort", "geheimzahl", "contraseña",
    "contrasenya", "contraseña_usuario", "contraseña_de_usuario", "contraseña_del_usuario", "clave_secreta",
    "clave_acceso", "clave_de_acceso", "clave_usuario", "clave_wifi", "senha", "senha_usuario",
    "senha_do_usuario", "palavra_passe", "mot_de_passe", "mot_passe", "mot_de_passe_utilisateur", "mdp",
    "parola_segreta", "parola_d_ordine", "parola_di_accesso", "wachtwoord", "adgangskode", "kodeord", "passord",
    "lösenord", "lykilorð", "aðgangsorð", "salasana", "tunnussana", "parool", "salasõna", "slaptažodis",
    "hasło", "haslo_uzytkownika", "hasło_użytkownika", "heslo", "jelszó", "geslo", "lozinka", "zaporka",
    "şifre", "sifresi", "parolă_utilizator", "пароль", "пароль_пользователя", "пароль_администратора",
    "пароль_користувача", "парола", "лозинка", "κωδικός_πρόσβασης", "συνθηματικό", "密码", "密碼", "口令", "パスワード",
    "暗証番号", "비밀번호", "패스워드", "รหัสผ่าน", "mật_khẩu", "kata_sandi", "kata_laluan", "סיסמה", "סיסמא",
    "كلمة_المرور", "كلمة_السر", "گذرواژه", "पासवर्ड",
];

/// Codes that are sent or shown once.
#[rustfmt::skip]
pub(in crate::sanitize) const ONE_TIME_CODES: &[&str] = &[
    "bestätigungscode", "bestaetigungscode", "einmalcode", "codigo_verificacion", "codigo_de_verificacion",
    "código_de_verificación", "código_de_confirmación", "codigo_de_verificação", "código_de_verificação",
    "code_de_verification", "code_verification", "codice_di_verifica", "codice_verifica", "verificatiecode",
    "bevestigingscode", "bekræftelseskode", "bekreftelseskode", "engangskode", "engångskod", "verifieringskod",
    "vahvistuskoodi", "kinnituskood", "kod_weryfikacyjny", "ověřovací_kód", "doğrulama_kodu",
    "код_подтверждения", "验证码", "驗證碼", "認証コード", "確認コード", "인증번호",
];

/// Codes by which somebody shows a second time who they are.
pub(in crate::sanitize) const CODES_OF_LOGINS: &[&str] = &[
    "authenticator_code",
    "setup_code",
    "authenticator_app_code",
    "authentication_code",
    "two_step_code",
    "2_step_code",
    "tfa_code",
    "otc_code",
    "single_use_code",
    "signin_code",
    "verify_code",
    "six_digit_code",
    "6_digit_code",
];

/// Keys of programs' interfaces.
#[rustfmt::skip]
pub(in crate::sanitize) const API_KEYS: &[&str] = &[
    "api_schlüssel", "api_schluessel", "clave_api", "clave_de_api", "clé_api", "cle_api", "chave_api",
    "chave_de_api", "chiave_api", "api_sleutel", "api_nyckel", "api_nøgle", "klucz_api", "ключ_api",
];

/// The secret half of a pair of keys, and what keys are made from.
pub(in crate::sanitize) const PRIVATE_KEYS: &[&str] = &[
    "privkey",
    "xprv",
    "xpriv",
    "privater_schlüssel",
    "clave_privada",
    "clé_privée",
    "chave_privada",
    "chiave_privata",
    "закрытый_ключ",
    "私钥",
    "秘密鍵",
];

/// Answers by which somebody shows who they are.
pub(in crate::sanitize) const SECRET_ANSWERS: &[&str] = &[
    "security_answer",
    "secret_answer",
    "challenge_answer",
    "recovery_answer",
    "security_question_answer",
    "secret_question_answer",
    "memorable_word",
    "memorable_answer",
    "memorable_information",
    "secret_word",
];

/// Codes that open doors, locks and accounts.
#[rustfmt::skip]
pub(in crate::sanitize) const ACCESS_CODES: &[&str] = &[
    "puk", "puk_code", "puk1", "puk2", "door_code", "gate_code", "alarm_code", "disarm_code", "lock_code",
    "lockbox_code", "keypad_code", "entry_code", "garage_code", "intercom_code", "safe_code", "vault_code",
    "duress_code", "reset_code", "password_reset_code", "redeem_code", "redemption_code", "voucher_code",
    "gift_card_code", "locker_code", "türcode", "code_de_porte",
];

/// What is mixed into hashes and signatures; sums that anybody may see are called so, too.
pub(in crate::sanitize) const MIXED_IN: &[&str] = &[
    "hmac",
    "salt",
    "pepper",
    "fernet",
    "encryption_seed",
    "session_signer",
];

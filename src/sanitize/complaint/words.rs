//! The words of which validators' sentences are made, by language.
//!
//! None is one by which somebody is called, and few sentences of other kinds have no word besides these.

/// The words of one language, each list in order.
pub(super) struct Language {
    /// All words.
    pub(super) words: &'static [&'static str],
    /// Words that hardly any other text of such words has: one of them must be there.
    pub(super) telling: &'static [&'static str],
    /// What numbers count.
    pub(super) units: &'static [&'static str],
    /// Words behind which numbers are bounds.
    pub(super) bounding: &'static [&'static str],
}

/// Names of fields and of types, which stand in sentences of all languages.
#[rustfmt::skip]
pub(super) const SHARED: &[&str] = &[
    "0'-'9", "0-9", "@-sign", "a'-'z", "a-z", "bic", "captcha", "code", "cvc", "cvv", "e-mail", "email", "iban", "id",
    "json", "key", "login", "mail", "max", "mfa", "min", "name", "null", "ok", "otp", "passcode", "password",
    "passwords", "phone", "pin", "regex", "secret", "sms", "ssn", "string", "token", "totp", "url", "user",
    "username", "uuid",
];

/// The languages in which validators speak.
#[rustfmt::skip]
pub(super) const LANGUAGES: &[Language] = &[
    // English.
    Language {
        words: &[
            "a", "accepted", "account", "accountid", "address", "after", "again", "ago", "all", "allow", "allowed",
            "alphanumeric", "already", "among", "an", "and", "any", "appeared", "are", "array", "as", "at",
            "attribute", "be", "been", "before", "between", "big", "birth", "blank", "boolean", "breach", "by",
            "byte", "bytes", "can", "can't", "cannot", "card", "card's", "cards", "cast", "char", "character",
            "characters", "chars", "checksum", "choice", "choose", "city", "close", "collection", "column", "common",
            "compromised", "confirm", "confirmation", "confirmed", "constraint", "contain", "containing", "contains",
            "correct", "could", "couldn't", "country", "data", "database", "date", "datetime", "day", "different",
            "digit", "digits", "disallowed", "do", "does", "doesn't", "domain", "don't", "during", "earlier",
            "either", "element", "elements", "empty", "end", "ends", "enough", "ensure", "enter", "entered",
            "entirely", "equal", "equals", "error", "exact", "exactly", "example", "exceed", "exceeds", "exist",
            "exists", "expected", "expired", "expires", "expiry", "expression", "fail", "failed", "failing", "fails",
            "few", "fewer", "field", "fields", "filled", "first", "following", "for", "forbidden", "form", "format",
            "formed", "found", "future", "given", "greater", "had", "has", "hasn't", "have", "help", "in", "include",
            "included", "includes", "incorrect", "input", "insecure", "integer", "international", "into", "invalid",
            "is", "isn't", "it", "item", "items", "its", "last", "later", "leak", "least", "left", "length", "less",
            "letter", "letters", "like", "line", "list", "long", "longer", "lower", "lower-case", "lowercase",
            "malformed", "match", "matched", "matches", "matching", "maximum", "maxlength", "may", "meet", "mime",
            "minimum", "minlength", "missing", "mixed", "month", "more", "most", "must", "mustn't", "nan", "near",
            "no", "non", "non-alphanumeric", "non-empty", "non-numeric", "none", "nor", "not", "nothing", "nullable",
            "number", "numbers", "numeric", "object", "of", "off", "official", "on", "one", "only", "optional", "or",
            "other", "out", "outside", "over", "parse", "part", "passed", "past", "path", "pattern", "permitted",
            "personal", "picked", "please", "policy", "positive", "present", "previously", "prohibited", "property",
            "provide", "provided", "range", "reached", "received", "recent", "recently", "recognised", "recognized",
            "records", "registered", "rejected", "repeat", "required", "requirement", "requirements", "requires",
            "reserved", "s", "safe", "same", "satisfy", "score", "second", "secure", "security", "select", "sequence",
            "set", "short", "shorter", "should", "shouldn't", "sign", "similar", "simple", "size", "small", "smaller",
            "social", "something", "space", "spaces", "special", "specified", "start", "starts", "still", "strength",
            "strong", "such", "supplied", "supported", "symbol", "symbols", "system", "tag", "taken", "than", "that",
            "the", "their", "them", "there", "these", "they", "this", "those", "time", "to", "today", "tomorrow",
            "too", "try", "two", "type", "typed", "unable", "unavailable", "undefined", "under", "underscore",
            "underscores", "unexpected", "unique", "unknown", "unrecognized", "unsupported", "until", "upper",
            "upper-case", "uppercase", "use", "used", "valid", "validate", "validated", "validation", "value",
            "values", "verification", "verified", "verify", "was", "wasn't", "weak", "well-formed", "were", "when",
            "where", "which", "while", "whitespace", "with", "within", "without", "word", "words", "wrong", "year",
            "years", "yesterday", "yet", "you", "your", "zero",
        ],
        telling: &[
            "already", "appeared", "can't", "cannot", "choose", "contain", "contains", "couldn't", "doesn't",
            "ensure", "enter", "entirely", "exist", "exists", "expected", "expired", "fail", "failed", "forbidden",
            "hasn't", "incorrect", "invalid", "isn't", "malformed", "missing", "must", "mustn't", "not", "prohibited",
            "provide", "provided", "required", "requires", "reserved", "should", "shouldn't", "taken", "too",
            "unable", "unavailable", "unknown", "wasn't", "weak", "wrong",
        ],
        units: &[
            "byte", "bytes", "char", "character", "characters", "chars", "digit", "digits", "element", "elements",
            "item", "items", "letter", "letters", "lowercase", "non-alphanumeric", "number", "numbers", "special",
            "symbol", "symbols", "uppercase", "word", "words", "year", "years",
        ],
        bounding: &[
            "between", "exceed", "least", "length", "max", "maximum", "maxlength", "min", "minimum", "minlength",
            "most", "over", "than", "under",
        ],
    },
    // German.
    Language {
        words: &[
            "aber", "abgelaufen", "abgelehnt", "adresse", "akzeptiert", "alle", "alphanumerisch", "als", "angabe",
            "angaben", "angeben", "angegeben", "anschrift", "auch", "aus", "ausfüllen", "ausgefüllt", "auswählen",
            "beginnen", "bei", "benutzer", "benutzername", "benutzernamen", "benötigt", "bereits", "bestehen",
            "bestätigen", "bestätigt", "bestätigung", "bis", "bitte", "buchstabe", "buchstaben", "dar", "darf", "das",
            "dass", "datum", "dein", "deine", "den", "der", "die", "diese", "dieser", "dieses", "dürfen",
            "e-mail-adresse", "ein", "eindeutig", "eine", "einem", "einen", "einer", "eingabe", "eingeben",
            "eingegeben", "email-adresse", "enthalten", "enthaltenen", "enthält", "entsprechen", "entspricht", "er",
            "erforderlich", "erfüllt", "erlaubt", "erwartet", "existiert", "falsch", "falsches", "fehlen",
            "fehlerhaft", "fehlt", "feld", "felder", "format", "früh", "füllen", "für", "geben", "gebraucht",
            "geburtsdatum", "gefunden", "gegeben", "gemeldet", "genau", "genutzt", "gesetzt", "gib", "groß",
            "großbuchstabe", "großbuchstaben", "größer", "gültig", "gültige", "gültigen", "gültiger", "gültiges",
            "haben", "hat", "häufig", "höchstens", "ihr", "ihre", "im", "in", "ist", "kann", "kein", "keine",
            "keinen", "kennwort", "kennwörter", "klein", "kleinbuchstabe", "kleinbuchstaben", "kleiner", "kurz",
            "können", "lang", "lange", "leer", "leerzeichen", "liegen", "liegt", "länge", "länger", "mail-adresse",
            "maximal", "maximum", "mehr", "mindestens", "minimal", "minimum", "mit", "muss", "müssen", "nicht",
            "noch", "nummer", "nur", "oder", "ohne", "passwort", "passworts", "passwörter", "pflichtfeld", "prüfen",
            "prüfsumme", "richtig", "sein", "sich", "sie", "sind", "sonderzeichen", "stellen", "stimmen", "stimmt",
            "telefonnummer", "text", "unbekannt", "und", "ungültig", "ungültige", "ungültiger", "ungültiges",
            "unsicher", "unter", "verfügbar", "vergangenheit", "vergeben", "vergebenen", "verwenden", "verwendet",
            "von", "vorhanden", "weniger", "werden", "wert", "wiederholung", "wird", "wurde", "wurden", "wählen",
            "zahl", "zahlen", "zeichen", "ziffer", "ziffern", "zu", "zukunft", "zum", "zwischen", "älter", "überein",
            "übereinstimmen", "überprüfen",
        ],
        telling: &[
            "abgelaufen", "ausgefüllt", "benötigt", "bereits", "darf", "dürfen", "enthalten", "enthält", "entspricht",
            "erforderlich", "existiert", "falsch", "fehlt", "kann", "kein", "keine", "muss", "müssen", "nicht",
            "stimmen", "stimmt", "ungültig", "ungültige", "ungültiges", "werden", "zu",
        ],
        units: &[
            "buchstabe", "buchstaben", "großbuchstabe", "großbuchstaben", "kleinbuchstabe", "kleinbuchstaben",
            "sonderzeichen", "stellen", "zahl", "zahlen", "zeichen", "ziffer", "ziffern",
        ],
        bounding: &[
            "als", "höchstens", "maximal", "maximum", "mindestens", "minimal", "minimum", "zwischen",
        ],
    },
    // French.
    Language {
        words: &[
            "a", "absent", "accepté", "adresse", "alphanumériques", "année", "attendu", "attendue", "au", "aucun",
            "aussi", "autorisé", "aux", "avec", "avoir", "bien", "c'est", "car", "caractère", "caractères", "ce",
            "celle", "cet", "cette", "champ", "champs", "chaîne", "chiffre", "chiffres", "choisir", "choisissez",
            "comme", "commun", "comporter", "compose", "composé", "confirmation", "confirmer", "contenir", "contient",
            "contrôle", "correct", "correcte", "correspond", "correspondent", "correspondre", "courant", "court",
            "courte", "courts", "d'au", "d'un", "d'une", "d'utilisateur", "dans", "date", "de", "des", "deux",
            "différent", "différents", "doit", "doivent", "donnée", "du", "déjà", "dépasser", "e", "elle", "en",
            "entre", "entrer", "entrez", "erroné", "erronée", "essayez", "est", "et", "exactement", "existant",
            "existe", "expiré", "expirée", "faible", "faux", "format", "fourni", "fournie", "fournir", "fréquent",
            "futur", "identifiant", "il", "ils", "incorrect", "incorrecte", "incorrects", "indiquer", "indiquez",
            "inférieur", "inférieure", "invalide", "invalides", "l'adresse", "l'e-mail", "l'email", "l'identifiant",
            "l'utilisateur", "la", "le", "les", "lettre", "lettres", "long", "longue", "longueur", "ma", "majuscule",
            "majuscules", "manquant", "manquante", "mauvais", "maximale", "maximum", "mettre", "minimale", "minimum",
            "minuscule", "minuscules", "moins", "mot", "mots", "même", "n'a", "n'est", "n'existe", "naissance", "ne",
            "nom", "nombre", "nombres", "non", "nouveau", "numérique", "numéro", "obligatoire", "obligatoires", "ou",
            "par", "pas", "passe", "passé", "peut", "peuvent", "plus", "pour", "pris", "prise", "qu'un", "que",
            "reconnu", "rempli", "remplie", "remplir", "renseigner", "renseigné", "renseignée", "requis", "requise",
            "s'il", "saisi", "saisir", "saisissez", "selectionner", "ses", "simple", "somme", "sont", "spécial",
            "spéciaux", "supérieur", "supérieure", "sur", "symbole", "texte", "trop", "trouvé", "téléphone", "un",
            "une", "unique", "utilisateur", "utilisé", "utilisée", "valeur", "valide", "valides", "veuillez", "vide",
            "vides", "vos", "votre", "vous", "à", "électronique", "être",
        ],
        telling: &[
            "doit", "doivent", "déjà", "existe", "expiré", "expirée", "incorrect", "incorrecte", "invalide", "n'a",
            "n'est", "ne", "obligatoire", "pas", "requis", "requise", "saisissez", "trop", "veuillez",
        ],
        units: &[
            "caractère", "caractères", "chiffre", "chiffres", "lettre", "lettres", "majuscule", "majuscules",
            "minuscule", "minuscules", "symbole",
        ],
        bounding: &[
            "entre", "maximum", "minimum", "moins", "plus",
        ],
    },
    // Spanish.
    Language {
        words: &[
            "a", "aceptado", "al", "alfanuméricos", "algún", "anterior", "antes", "año", "blanco", "cadena",
            "caducado", "caduco", "campo", "campos", "caracter", "caracteres", "carácter", "clave", "claves",
            "coincide", "coinciden", "coincidir", "como", "comprobación", "común", "con", "confirmación", "contener",
            "contiene", "contraseña", "contraseñas", "correcta", "correcto", "correo", "corta", "corto", "cumple",
            "dato", "datos", "de", "debe", "deben", "del", "demasiado", "dirección", "distinto", "dígito", "dígitos",
            "el", "electrónica", "electrónico", "ella", "en", "encuentra", "entre", "es", "esta", "estar", "este",
            "está", "exactamente", "existe", "existente", "expirado", "expiró", "falta", "fecha", "fechas", "formato",
            "futuro", "ha", "haber", "han", "igual", "incorrecta", "incorrecto", "indicar", "ingrese", "introduce",
            "introduzca", "inválida", "inválido", "la", "larga", "largo", "las", "letra", "letras", "lo", "longitud",
            "los", "mayor", "mayúscula", "mayúsculas", "menor", "menos", "minúscula", "minúsculas", "muy", "más",
            "máxima", "máximo", "mínima", "mínimo", "nacimiento", "ni", "ninguna", "no", "nombre", "numérico",
            "número", "números", "o", "obligatoria", "obligatorio", "ocupado", "parecida", "pasado", "permite",
            "permitida", "permitido", "pero", "poco", "por", "posible", "proporcionar", "puede", "pueden", "que",
            "reconocido", "registrada", "registrado", "repetida", "requerida", "requerido", "sea", "segura", "ser",
            "serie", "si", "sido", "sin", "sobre", "son", "su", "superar", "símbolo", "símbolos", "telefono",
            "teléfono", "tener", "tiene", "tu", "un", "una", "usado", "uso", "usuario", "utilizado", "vacía", "vacío",
            "valor", "valores", "vencido", "válida", "válidas", "válido", "válidos", "y", "ya", "único",
        ],
        telling: &[
            "caducado", "coincide", "coinciden", "debe", "deben", "demasiado", "expirado", "falta", "incorrecta",
            "incorrecto", "ingrese", "introduce", "introduzca", "inválida", "inválido", "no", "obligatoria",
            "obligatorio", "puede", "pueden", "requerida", "requerido", "ya",
        ],
        units: &[
            "caracter", "caracteres", "carácter", "dígito", "dígitos", "letra", "letras", "mayúscula", "mayúsculas",
            "minúscula", "minúsculas", "número", "números", "símbolo", "símbolos",
        ],
        bounding: &[
            "entre", "menos", "más", "máximo", "mínimo",
        ],
    },
    // Italian.
    Language {
        words: &[
            "a", "accettata", "accettato", "al", "alfanumerici", "almeno", "anche", "attesa", "avere", "bianco",
            "campi", "campo", "carattere", "caratteri", "cifra", "cifre", "coincide", "coincidono", "come", "comune",
            "con", "conferma", "contenere", "contiene", "corretta", "corretto", "corrisponde", "corrispondere",
            "corrispondono", "corta", "corto", "data", "dati", "dei", "del", "dell'utente", "della", "deve", "devono",
            "di", "diverso", "due", "e", "elettronica", "errata", "errato", "esiste", "essere", "formato", "fra",
            "futuro", "già", "il", "in", "indirizzo", "inferiore", "inserire", "inserisci", "inserito", "invalida",
            "invalido", "l'email", "l'indirizzo", "la", "le", "lettera", "lettere", "libero", "lo", "lunga",
            "lunghezza", "lungo", "ma", "maggiore", "maiuscola", "maiuscole", "mancante", "massima", "massimo",
            "meno", "minima", "minimo", "minore", "minuscola", "minuscole", "nascita", "nel", "nella", "nome", "non",
            "nullo", "numeri", "numerica", "numerico", "numero", "o", "obbligatori", "obbligatoria", "obbligatorio",
            "parola", "parole", "passaggio", "passato", "per", "più", "possono", "posta", "presente", "può", "questa",
            "questo", "richiesta", "richiesto", "riconosciuto", "riempito", "sbagliata", "sbagliato", "scaduta",
            "scaduto", "scegli", "scegliere", "se", "segreta", "semplice", "sia", "simboli", "simbolo", "sono",
            "speciale", "speciali", "stata", "stato", "sua", "superiore", "telefono", "tra", "troppo", "uguale", "un",
            "un'altra", "una", "unico", "usata", "usato", "uso", "utente", "utilizzata", "utilizzato", "valida",
            "valide", "validi", "valido", "valore", "vuota", "vuoto", "è",
        ],
        telling: &[
            "coincide", "coincidono", "corrisponde", "corrispondono", "deve", "devono", "errata", "errato", "già",
            "inserire", "inserisci", "invalido", "mancante", "non", "obbligatoria", "obbligatorio", "può",
            "richiesta", "richiesto", "scaduta", "scaduto", "troppo",
        ],
        units: &[
            "carattere", "caratteri", "cifra", "cifre", "lettera", "lettere", "maiuscola", "maiuscole", "minuscola",
            "minuscole", "numeri", "numero", "simboli", "simbolo",
        ],
        bounding: &[
            "almeno", "fra", "massimo", "meno", "minimo", "più", "tra",
        ],
    },
    // Portuguese.
    Language {
        words: &[
            "a", "aceite", "aceito", "algarismo", "ano", "ao", "as", "branco", "cadastrada", "cadastrado", "campo",
            "campos", "caracter", "caractere", "caracteres", "carateres", "caráter", "coincide", "coincidem", "com",
            "combina", "combinam", "comum", "confere", "conferem", "confirmação", "conter", "contém", "corresponde",
            "correspondem", "correta", "correto", "curta", "curto", "da", "dado", "data", "de", "deixado",
            "demasiado", "deve", "devem", "diferente", "digite", "do", "dígito", "dígitos", "e", "eletrônico", "em",
            "encontrado", "endereço", "entre", "especiais", "especial", "esta", "estar", "este", "está", "exatamente",
            "existe", "existente", "expirada", "expirado", "expirou", "falta", "favor", "ficar", "foi", "formato",
            "fraca", "fraco", "futuro", "há", "igual", "incorreta", "incorreto", "informar", "informe", "inserir",
            "insira", "inválida", "inválido", "já", "letra", "letras", "longa", "longo", "maior", "mais", "maiúscula",
            "maiúsculas", "menor", "menos", "minúscula", "minúsculas", "muito", "máxima", "máximo", "mínima",
            "mínimo", "na", "nascimento", "no", "nome", "nula", "nulo", "não", "número", "números", "o",
            "obrigatória", "obrigatório", "os", "ou", "palavra-passe", "para", "passado", "pelo", "permitida",
            "permitido", "pode", "podem", "poder", "por", "preencha", "preenchida", "preenchido", "que",
            "reconhecido", "registado", "registrado", "repetida", "requerida", "requerido", "sem", "senha", "senhas",
            "ser", "seu", "simbolo", "sua", "são", "símbolo", "símbolos", "só", "tamanho", "telefone", "tem", "ter",
            "um", "uma", "usado", "uso", "usuário", "utilizada", "utilizado", "utilizador", "valor", "vazia", "vazio",
            "vencido", "válida", "válidas", "válido", "válidos", "é", "único",
        ],
        telling: &[
            "coincide", "coincidem", "confere", "conferem", "deve", "devem", "digite", "existe", "expirado",
            "expirou", "incorreta", "incorreto", "inválida", "inválido", "já", "não", "obrigatória", "obrigatório",
            "pode", "podem", "preencha",
        ],
        units: &[
            "caracter", "caractere", "caracteres", "carateres", "dígito", "dígitos", "letra", "letras", "maiúscula",
            "maiúsculas", "minúscula", "minúsculas", "número", "números", "símbolo", "símbolos",
        ],
        bounding: &[
            "entre", "mais", "menos", "máximo", "mínimo",
        ],
    },
    // Dutch.
    Language {
        words: &[
            "aan", "aantal", "adres", "al", "alfanumerieke", "alle", "alleen", "als", "beginnen", "benodigd",
            "bestaan", "bestaat", "bevat", "bevatten", "bevestigen", "bevestiging", "bij", "cijfer", "cijfers",
            "correct", "dan", "dat", "datum", "de", "deze", "dezelfde", "dit", "e-mailadres", "een", "eerder",
            "emailadres", "en", "formaat", "fout", "foutief", "geboortedatum", "gebruik", "gebruiker",
            "gebruikersnaam", "gebruikt", "geef", "geen", "gekozen", "geldig", "geldige", "gelijk", "gevonden",
            "gevuld", "geweest", "groter", "heeft", "herhaling", "het", "hoofdletter", "hoofdletters", "hoogstens",
            "identiek", "in", "ingevoerd", "ingevuld", "invoeren", "is", "je", "jouw", "juist", "juiste", "kan",
            "karakter", "karakters", "keer", "kies", "kleine", "kleiner", "komen", "komt", "kort", "korter", "kunnen",
            "lang", "langer", "leeg", "leesteken", "lengte", "letter", "letters", "liggen", "maar", "mag", "maximaal",
            "maximum", "meer", "met", "minder", "minimaal", "minimum", "minste", "minstens", "moet", "moeten", "naam",
            "niet", "nog", "nummer", "of", "onbekend", "ongeldig", "ongeldige", "onjuist", "onjuiste", "onveilig",
            "onze", "op", "opgegeven", "overeen", "overeenkomen", "overeenstemmen", "reeds", "soort", "spatie",
            "spaties", "speciaal", "speciale", "te", "teken", "tekens", "telefoonnummer", "ten", "toegestaan",
            "toekomst", "tussen", "twee", "uit", "uniek", "uw", "vak", "van", "veel", "veld", "velden", "vereist",
            "verleden", "verlopen", "verplicht", "voer", "vol", "voldoet", "voor", "voorkomen", "waarde",
            "wachtwoord", "wachtwoorden", "werd", "worden", "wordt", "zijn", "zwak",
        ],
        telling: &[
            "al", "bestaat", "fout", "kan", "komen", "komt", "mag", "moet", "moeten", "niet", "ongeldig", "ongeldige",
            "onjuist", "onjuiste", "reeds", "te", "vereist", "verlopen", "verplicht", "voer", "wordt",
        ],
        units: &[
            "cijfer", "cijfers", "hoofdletter", "hoofdletters", "karakter", "karakters", "letter", "letters", "teken",
            "tekens",
        ],
        bounding: &[
            "dan", "hoogstens", "maximaal", "maximum", "minimaal", "minimum", "minste", "minstens", "tussen",
        ],
    },
];

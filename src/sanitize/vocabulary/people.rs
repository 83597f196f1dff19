//! Names of what tells of people: their names, birth dates, addresses, telephones and accounts.

/// First names in languages other than English.
#[rustfmt::skip]
pub(in crate::sanitize) const FIRST_NAMES: &[&str] = &[
    "vorname", "rufname", "prenom", "prénom", "prenoms", "nombre_de_pila", "primer_nombre", "segundo_nombre",
    "primeiro_nome", "nome_proprio", "nome_di_battesimo", "voornaam", "fornavn", "förnamn", "etunimi",
    "eesnimi", "imię", "imie", "jmeno_krestni", "krestni_jmeno", "křestní_jméno", "keresztnev", "keresztnév",
    "utonev", "utónév", "prenume", "отчество", "الاسم_الأول", "שם_פרטי",
];

/// Last names in languages other than English.
#[rustfmt::skip]
pub(in crate::sanitize) const LAST_NAMES: &[&str] = &[
    "nachname", "familienname", "zuname", "geburtsname", "nom_de_famille", "nom_famille", "nom_de_naissance",
    "apellido", "apellidos", "primer_apellido", "segundo_apellido", "sobrenome", "apelido", "cognome",
    "achternaam", "familienaam", "etternavn", "efternavn", "efternamn", "sukunimi", "perekonnanimi", "perenimi",
    "nazwisko", "prijmeni", "příjmení", "priezvisko", "vezeteknev", "vezetéknév", "prezime", "priimek",
    "nume_de_familie", "soyad", "soyadi", "soyisim", "фамилия", "прізвище", "επώνυμο", "=姓", "苗字", "성씨",
    "اسم_العائلة", "שם_משפחה",
];

/// Full names in languages other than English.
#[rustfmt::skip]
pub(in crate::sanitize) const FULL_NAMES: &[&str] = &[
    "nombre_completo", "nombre_y_apellidos", "nombre_apellidos", "nom_complet", "nom_et_prenom", "nom_prenom",
    "nome_completo", "nome_e_cognome", "voller_name", "vollstandiger_name", "vollständiger_name",
    "vollstaendiger_name", "volledige_naam", "fullt_navn", "fullständigt_namn", "fulde_navn", "koko_nimi",
    "taisnimi", "imię_i_nazwisko", "imie_i_nazwisko", "cele_jmeno", "celé_jméno", "teljes_nev", "teljes_név",
    "nume_complet", "ime_i_prezime", "ad_soyad", "nama_lengkap", "ho_ten", "họ_tên", "фио", "піб", "氏名", "お名前",
    "姓名", "真实姓名", "客户姓名", "患者姓名", "성명", "성함", "フルネーム", "ονοματεπώνυμο", "adı_soyadı", "họ_và_tên",
    "الاسم_الكامل", "שם_מלא", "patientenname",
];

/// Names that things have too.
#[rustfmt::skip]
pub(in crate::sanitize) const NAMES_OF_PERSONS_OR_THINGS: &[&str] = &[
    "attendee_name", "billing_name", "borrower_name", "buyer_name", "candidate_name", "child_name",
    "claimant_name", "client_name", "creditor_name", "debtor_name", "donor_name", "driver_name", "heir_name",
    "holder_name", "legal_name", "occupant_name", "owner_name", "parent_name", "participant_name", "payee_name",
    "payer_name", "payor_name", "real_name", "respondent_name", "sender_name", "signatory_name", "signer_name",
    "teacher_name", "tenant_full_name", "traveler_name", "traveller_name", "visitor_name", "victim_name",
    "witness_name", "assignee_name", "caller_name", "receiver_name", "reporter_name", "requester_name",
    "requestor_name", "worker_name", "=assignee", "=beneficiary", "=caller", "=receiver", "=recipient",
    "=reporter", "=requester", "=requestor", "=empfänger", "=empfaenger", "=zahlungsempfänger",
    "=destinataire", "=destinatario", "=destinatário", "=beneficiario", "=bénéficiaire", "=nombre", "=nome", "=naam",
    "=navn", "=namn", "=nimi", "=имя", "=holder", "=payee",
    "=intestatario", "=titular", "=titulaire", "kontoinhaber", "karteninhaber", "rekeninghouder",
];

/// Birth dates.
#[rustfmt::skip]
pub(in crate::sanitize) const BIRTH_DATES: &[&str] = &[
    "bday", "b_day", "date_birth", "birth_dt", "geburtsdatum", "geburtstag", "geb_datum", "geburtsdat",
    "geboren_am", "date_naissance", "date_de_naissance", "fecha_nacimiento", "fecha_de_nacimiento",
    "data_nascimento", "data_de_nascimento", "data_nascita", "data_di_nascita", "geboortedatum", "fodselsdato",
    "fødselsdato", "fodselsdag", "fødselsdag", "födelsedatum", "syntymäaika", "syntymaaika", "syntymäpäivä",
    "sünniaeg", "sünnikuupäev", "data_urodzenia", "datum_narozeni", "datum_narození", "datum_narodenia",
    "születési_dátum", "szuletesi_datum", "datum_rođenja", "datum_rodjenja", "datum_rojstva", "data_nașterii",
    "doğum_tarihi", "dogum_tarihi", "дата_рождения", "дата_народження", "ημερομηνία_γέννησης", "生年月日", "出生日期",
    "생년월일", "ngày_sinh", "tanggal_lahir", "تاريخ_الميلاد",
];

/// Where people live.
#[rustfmt::skip]
pub(in crate::sanitize) const ADDRESSES: &[&str] = &[
    "anschrift", "wohnanschrift", "postanschrift", "wohnadresse", "heimadresse", "lieferadresse",
    "rechnungsadresse", "adresse", "adresse_postale", "dirección", "direccion", "direccion_postal", "domicilio",
    "endereço", "endereco", "morada", "indirizzo", "woonadres", "huisadres", "postadres", "adres",
    "adres_zamieszkania", "gateadresse", "bostadsadress", "hemadress", "adress", "osoite", "kotiosoite",
    "lähiosoite", "aadress", "elukoht", "adresa", "bydliště", "lakcím", "адрес", "адрес_проживания", "адреса",
    "διεύθυνση", "住所", "地址", "주소", "alamat", "địa_chỉ", "عنوان_السكن", "=strasse", "=straße", "=rue", "=calle",
];

/// Telephones.
#[rustfmt::skip]
pub(in crate::sanitize) const TELEPHONES: &[&str] = &[
    "handynummer", "handy_nr", "telefon", "telefonnummer", "telefon_nr", "telefonnr", "rufnummer",
    "mobilnummer", "mobiltelefon", "festnetz", "festnetznummer", "telefono", "teléfono", "telefono_movil",
    "teléfono_móvil", "numero_telefono", "numero_de_telefono", "celular", "numero_celular", "telefone",
    "telemóvel", "telemovel", "numero_de_telephone", "numéro_de_téléphone", "numero_telephone", "cellulare",
    "numero_di_telefono", "telefoonnummer", "telefoon", "puhelin", "puhelinnumero", "matkapuhelin",
    "telefoninumber", "telefonní_číslo", "telefonni_cislo", "numer_telefonu", "nr_telefonu", "telefonszám",
    "telefonszam", "telefon_numarası", "telefon_numarasi", "cep_telefonu", "телефон", "номер_телефона",
    "телефону", "τηλέφωνο", "電話", "電話番号", "携帯番号", "电话", "电话号码", "手机", "手机号", "手机号码", "전화번호", "휴대폰", "휴대폰번호",
    "số_điện_thoại", "nomor_hp", "no_hp", "nomor_telepon", "رقم_الهاتف", "landline", "landline_number",
    "home_line", "=gsm", "gsm_number", "dial_number", "caller_number", "callee_number", "calling_number",
    "called_number",
];

/// Numbers of accounts in banks.
#[rustfmt::skip]
pub(in crate::sanitize) const ACCOUNT_NUMBERS: &[&str] = &[
    "clabe", "clabe_interbancaria", "cbu", "bban", "kontonummer", "konto_nr", "kontonr", "kontonumber",
    "bankkonto", "bankkontonummer", "numero_de_compte", "numéro_de_compte", "numero_compte", "compte_bancaire",
    "numero_cuenta", "numero_de_cuenta", "número_de_cuenta", "cuenta_bancaria", "numero_conto",
    "conto_corrente", "conto_bancario", "numero_da_conta", "conta_corrente", "conta_bancaria", "conta_bancária",
    "rekeningnummer", "tilinumero", "bankrekening", "numer_konta", "numer_rachunku", "nr_konta", "cislo_uctu",
    "číslo_účtu", "számlaszám", "szamlaszam", "hesap_numarası", "номер_счета", "расчетный_счет", "口座番号", "银行账号",
    "银行卡号", "계좌번호", "nomor_rekening", "số_tài_khoản",
];

"""Words of servers that do not speak English, by what they mean.

Owns wordings alone; they are read after the English ones of the same meaning, and `bounce_rules` says where. Endings
that change with gender and number are left off, so that one stem fits them.
"""

from __future__ import annotations

from typing import Final

from sendlens.enrich.bounce_reasons import Rule

ABROAD_DOMAIN: Final = (
    Rule(
        "domain_unknown_abroad",
        "domain_unknown",
        92,
        """
        domänenname * nicht; domäne * nicht; domain * existiert nicht; domain * nicht gefunden; domain unbekannt;
        zieldomäne * nicht; domaine * n'existe pas; domaine * introuvable; nom de domaine * inconnu;
        domaine inconnu; hôte inconnu; dominio * no existe; dominio desconocido; dominio no encontrado;
        dominio inexistente; dominio * non esiste; dominio sconosciuto; domínio * não existe; domínio inexistente;
        domein bestaat niet; domena nie istnieje; domena * nie istnieje; doména neexistuje; домен не найден;
        домен не существует; домена * не существует; ドメインが見つかり; 域名不存在; 找不到域名
        """,
    ),
)

ABROAD_FULL: Final = (
    Rule(
        "mailbox_full_abroad",
        "mailbox_full",
        95,
        """
        postfach * voll; postfach ist voll; posteingang * voll; mailbox * limit erreicht; (voll); mailbox voll;
        mailbox ist voll; speicherplatz; kontingent; quota überschritten; quota * überschritten;
        quota ueberschritten; postfach * überschritten; boite * pleine; boîte * pleine; boîte * saturée;
        boite * saturee; quota dépassé; quota depasse; dépassé son quota; depasse son quota; dépassé * quota;
        quota * dépassé; espace insuffisant; buzón * lleno; buzon * lleno; bandeja * llena; cuota excedida;
        cuota * excedi; excedido * cuota; espacio * insuficiente; casella * piena; quota superata; spazio esaurito;
        caixa * cheia; caixa postal cheia; quota excedida; cota excedida; cota * excedida; postvak * vol;
        postbus * vol; mailbox * vol_; quota * overschreden; opslagruimte; skrzynka * pełna; skrzynka * pelna;
        skrzynka * przepełniona; schránka * plná; schránka * přeplněn; postafiók * megtelt; căsuța * plină;
        kutusu dolu; kota aşıldı; kota aşımı; kotası dol; brevlådan * full; postkassen * fuld; postkassen * full;
        postilaatikko * täynnä; ящик переполнен; ящик * переполнен; переполнен; превышена квота; квота * превышена;
        скринька * переповнена; γραμματοκιβώτιο * πλήρες; 容量が一杯; 容量を超; 容量がいっぱい; 容量超過;
        メールボックスがいっぱい; 邮箱已满; 邮箱空间; 信箱已滿; 空间不足; 용량이 초과; 용량을 초과; 메일함이 가득;
        편지함이 가득
        """,
    ),
)

ABROAD_UNKNOWN: Final = (
    Rule(
        "mailbox_unknown_abroad",
        "mailbox_unknown",
        94,
        """
        empfänger unbekannt; empfaenger unbekannt; unbekannter empfänger; unbekannter empfaenger;
        benutzer unbekannt; unbekannter benutzer; benutzer * unbekannt; existiert nicht; existieren nicht;
        adresse * unbekannt; adresse * nicht gefunden; adresse konnte nicht gefunden; empfänger * nicht gefunden;
        empfaenger * nicht gefunden; postfach * nicht gefunden; konto * nicht gefunden; benutzer * nicht gefunden;
        kein solcher benutzer; nicht im * verzeichnis; nicht vorhanden; ungültiger empfänger;
        ungueltiger empfaenger; adresse * ungültig; n'existe pas; n existe pas; n'existent pas; utilisateur inconnu;
        destinataire inconnu; destinataire * inconnu; adresse inconnue; adresse * inconnue; adresse * introuvable;
        adresse n'a pas été trouvée; pas été trouv; destinataire * introuvable; utilisateur * introuvable;
        lettres inexistante; compte inexistant; adresse inexistante; destinataire invalide; adresse * invalide;
        adresse d au moins un destinataire invalide; compte * introuvable; non recensé; destinatário desconhecido;
        usuario desconocido; usuário desconhecido; usuario * no existe; destinatario desconocido; no existe;
        no existen; dirección * no se encuentra; dirección * no encontrada; no se ha encontrado; no se encontró;
        usuario no encontrado; cuenta inexistente; usuario inexistente; dirección inexistente; cuenta * no existe;
        não existe; nao existe; não pôde ser encontrado; não foi encontrado; nao foi encontrado; inexistente;
        utente sconosciuto; destinatario sconosciuto; non esiste; non è stato trovato; non trovato; non esistente;
        nessun utente; bestaat niet; onbekende gebruiker; niet gevonden; ongeldige ontvanger; onbekende ontvanger;
        gebruiker onbekend; nie istnieje; nie ma takiego; nieznany użytkownik; nieznany odbiorca; nie znaleziono;
        neexistuje; neznámý uživatel; uživatel nenalezen; ismeretlen; nem létezik; nem található;
        utilizator necunoscut; nu există; nu exista; bulunamadı; bulunamadi; kullanıcı yok; böyle bir kullanıcı;
        geçersiz alıcı; okänd; finns inte; hittades inte; findes ikke; ukendt; finnes ikke; ukjent; ei löydy;
        tuntematon; ei ole olemassa; не существует; пользователь не найден; нет такого; такого пользователя нет;
        такого ящика нет; адресат не найден; неизвестный пользователь; получатель не найден; ящик не найден;
        ящик * не найден; адрес не найден; користувача не знайдено; не існує; άγνωστος; δεν υπάρχει; δεν βρέθηκε;
        見つかりません; 現在使われて; 見つからない; 存在しません; 存在しない; ユーザーが不明; 宛先不明; 不存在;
        用户不存在; 無此; 查无此; 查無此; 收件人地址错误; 地址无效; 收件人无效; 존재하지 않; 찾을 수 없;
        없는 사용자; 알 수 없는 사용자
        """,
    ),
)

ABROAD_INACTIVE: Final = (
    Rule(
        "mailbox_disabled_abroad",
        "mailbox_inactive",
        90,
        """
        nicht mehr aktiv; ausgeschieden; nicht mehr gelesen; wird nicht mehr; deaktiviert; nicht mehr gültig;
        nicht mehr erreichbar; nicht mehr im unternehmen; postfach gesperrt; konto gesperrt; konto * gesperrt;
        compte * désactivé; compte * desactive; compte * suspendu; compte * inactif; compte * fermé;
        utilisateur inactif; plus valide; n'est plus; archivee; archivée; cuenta * desactivada; cuenta * suspendida;
        cuenta suspendida; cuenta desactivada; cuenta * bloqueada; ya no trabaja; conta * desativada;
        conta * suspensa; conta * inativa; account * disabilitato; account * sospeso; casella * disattivata;
        casella * disabilitata; account * uitgeschakeld; niet meer actief; konto * zablokowane; konto * nieaktywne;
        účet * zablokován; заблокирован; отключен; учетная запись * отключена; ящик * неактив; деактивирован;
        удален; アカウントは無効; 利用停止; 停用; 已停用; 已注销; 已冻结; 被禁用; 휴면
        """,
    ),
)

ABROAD_BLOCK: Final = (
    Rule(
        "rate_abroad",
        "rate_limited",
        88,
        "zu viele; trop de; demasiad; troppi; troppe; te veel; zbyt wiele; слишком много; 过于频繁; 频率",
    ),
    Rule(
        "too_large_abroad",
        "too_large",
        92,
        """
        nachricht * zu groß; nachricht * zu gross; nachricht zu groß; message trop volumineux;
        message * trop volumineux; taille maximale; tamaño máximo; mensaje * demasiado grande;
        messaggio troppo grande; supera la dimensione; bericht * te groot; слишком большой; 邮件过大; 邮件大小
        """,
    ),
    Rule(
        "spam_abroad",
        "content",
        88,
        """
        gilt als spam; als spam; comme spam; contenu * spam; contenant un spam; como spam; correo no deseado;
        come spam; подозрен; спам; 垃圾邮件; 迷惑メール; 스팸
        """,
    ),
    Rule(
        "reputation_abroad",
        "reputation",
        85,
        """
        geblacklist; sperrliste; gesperrte ip; auf der schwarzen liste; liste noire; lista negra; service refuse;
        service refusé; adresse ip * bloqu; ip * bloqueada; чёрн; черном списке; чёрном списке; 黑名单
        """,
    ),
    Rule(
        "refused_abroad",
        "policy",
        80,
        """
        richtlinie; nicht berechtigt; nicht autorisiert; non autorisé; non autorise; no autorizado;
        no está autorizado; non autorizzato; não autorizado; nie masz uprawnień; нет прав; запрещен
        """,
    ),
)

ABROAD_NETWORK: Final = (
    Rule(
        "expired_abroad",
        "timeout",
        88,
        """
        zeitüberschreitung; nicht rechtzeitig zugestellt; zustellversuche wurden eingestellt; délai;
        dans les délais; tiempo * agotado; tiempo de espera; tempo scaduto; tempo limite; tempo esgotado; timed-out;
        истекло время; время ожидания; タイムアウト; 超时
        """,
    ),
    Rule(
        "unreachable_abroad",
        "connection",
        85,
        """
        nicht erreichbar; verbindung * fehlgeschlagen; verbindung * abgelehnt; keine verbindung; verbindung;
        connexion; conexión; connessione; conexão; połączenie; соединени; 接続でき; 接続に失敗; 连接失败; 无法连接
        """,
    ),
    Rule(
        "server_trouble_abroad",
        "server",
        80,
        """
        vorübergehend; voruebergehend; temporairement; temporalmente; temporaneamente; temporariamente; tijdelijk;
        tymczasow; временно; 一時的; 暂时
        """,
    ),
)

ABROAD_AUTOMATIC: Final = (
    Rule(
        "auto_reply_abroad",
        "auto_reply",
        82,
        """
        abwesen; nicht im büro; nicht im buero; im urlaub; absence du bureau; absent du bureau; réponse automatique;
        en congé; en vacances; fuera de la oficina; de vacaciones; respuesta automática; gracias por contactar;
        gracias por su mensaje; fuori ufficio; risposta automatica; fora do escritório; resposta automática;
        afwezig; niet op kantoor; vielen dank für ihre nachricht; merci pour votre message; poza biurem; автоответ;
        不在; 自动回复; 自動返信; 부재중
        """,
    ),
)

"""The words of mails that report a failure: what announces, labels, surrounds and ends the failed addresses.

A table for people to read and extend. Phrases are regular expressions without regard to case, in which a space stands
for any white space. Nothing here is tied to one server: the wording of one is the translation of another's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Final

FAILURE: Final = (
    # English
    r"(?:could|can|was|were|has|have|did|does|is|are)(?: ?not|n.?t) (?:yet )?(?:be |been |being )?"
    r"(?:automatically )?(?:deliver|receive|reach|sen[dt]|accept|collect|process|relay|find|found|complet|able to)\w*",
    r"(?:un|not )able to (?:be )?(?:deliver|relay|send|reach|process|complete)\w*",
    r"cannot (?:be )?(?:deliver|relay|send|sent|reach)\w*",
    r"not (?:be )?(?:deliver(?:ed|able)|sent|reached|received|permitted|accepting|listed)",
    r"(?:was|been|being) (?:automatically )?(?:rejected|refused|blocked|returned|bounced|undeliverable|aborted)",
    r"(?:delivery|deliver|transmission|forwarding|sending)\W+(?:\w+ ){0,4}(?:has |have )?fail\w*",
    r"del[ei]very to the following recipients? ",
    r"fail(?:ed|ure|s) (?:\w+ ){0,3}(?:recipient|address|addressee|permanently|to deliver)",
    r"(?:failed|bad|unknown|invalid|rejected|undeliverable|affected) (?:final delivery )?"
    r"(?:recipient|address|addressee|user|userid|mailbox|destination)",
    r"undeliver(?:ed|able|y)",
    r"non-?deliver(?:y|ed|able)",
    r"(?:permanent|fatal|delivery|transient|non-fatal|persistent) (?:fatal |transient |delivery )*(?:error|"
    r"problem|failure)",
    r"had (?:\w+ ){0,2}(?:errors|problems)",
    r"(?:problem|trouble|error)s? (?:\w+ )?(?:delivering|sending|with)",
    r"trouble delivering",
    r"no such (?:user|recipient|mailbox|address|account|person)",
    r"(?:user|recipient|mailbox|account|address|host|domain)(?: is| was| has been| name is)? "
    r"(?:unknown|not known|not found|unavailable|disabled|inactive|full|invalid|rejected|not recognized|suspended|"
    r"closed)",
    r"unknown (?:user|recipient|mailbox|address|host|domain|account)",
    r"(?:does|did) ?n[o']t (?:exist|have an?|exactly match|like (?:our )?re?cpt)",
    r"(?:over|exceed\w*|quota|disk) ?(?:quota|limit|violation|exceeded|full)",
    r"(?:mail)?(?:box|folder) (?:is |was )?(?:full|over)",
    r"(?:wrong|no longer) (?:or no longer )?(?:valid|active|exist|work|in use|available|with)\w*",
    r"has (?:not yet been delivered|been (?:delayed|postponed))|(?:delivery|mail)\W.{0,60}(?:delayed|postponed|"
    r"deferred)",
    r"(?:an )?error (?:has )?occurred while",
    r"rejected (?:the )?(?:recipient|following|your)",
    r"failed (?:because|due|after|with|for the following|permanently)|has failed|failed:",
    r"giving up|given up",
    r"(?:returned|rejected) (?:to (?:you|sender)|mail|message)",
    # Deutsch
    r"(?:konnte|kann|konnten|wurde|wurden) (?:\w+ ){0,8}nicht",
    r"nicht (?:zugestellt|zustellbar|ausgeliefert|erreicht|gefunden|gesendet)",
    r"unzustellbar\w*|zustellung (?:\w+ ){0,6}fehlgeschlagen|zustellfehler|fehler (?:bei|"
    r"beim) (?:der )?(?:zustell|versand)\w*",
    r"empf.{1,2}nger (?:\w+ )?(?:unbekannt|nicht)",
    # Français
    r"n[' ](?:a|ont|est|avons|existe)\s?(?:\w+ )?(?:pas|pu|plus)",
    r"(?:non remis|non distribu|impossible de|.chec de (?:la )?(?:remise|distribution|l.envoi)|non d.livr)\w*",
    r"(?:destinataires?|adresses?) (?:\w+ ){0,3}(?:inconnue?s?|incorrecte?s?|introuvables?|non valides?)",
    # Español, português, italiano
    r"no (?:se )?(?:pudo|pudieron|puede|ha podido|han podido|fue|ha sido|se ha) (?:\w+ ){0,3}(?:entreg|envi|ser|"
    r"recib)\w*",
    r"n.o (?:p.de|pode|foi|foram|puderam) (?:\w+ ){0,3}(?:entreg|envi|ser)\w*",
    r"(?:error|fallo|falha|erro|problema) (?:en|al|na|no|de|ao|nella) (?:la )?(?:entrega|entregar|envio|consegna|"
    r"enviar)",
    r"(?:non|impossibile) (?:. |e |.? )?(?:stato |possibile |stata |)?(?:consegna|recapita|inviar)\w*",
    r"(?:destinatario|indirizzo|direcci.n|endere.o|usuario|utente) (?:\w+ ){0,2}(?:sconosciut|desconocid|"
    r"desconhecid|inesistent|no existe|n.o existe)\w*",
    # Nederlands, svenska, dansk, norsk, suomi
    r"(?:kon|kan|konden|is|werd) (?:\w+ ){0,6}niet (?:worden )?(?:bezorgd|afgeleverd|verzonden|gevonden)",
    r"(?:kunde|kunne) (?:\w+ ){0,3}(?:inte|ikke) (?:\w+ ){0,3}(?:leverera|levere|skick|send|afleveres)\w*",
    r"(?:onbestelbaar|olevererbar|ikke leveret|toimitus ep.onnistui|ei voitu toimittaa)\w*",
    # polski, česky, türkçe
    r"nie (?:mo.e|mog.a|zosta.a?|mo.na|uda.o si.) (?:\w+ ){0,4}(?:dostarcz|dor.cz|wys.a)\w*|niedor.cz\w*|nedoru\w*",
    r"teslim edileme\w*|iletileme\w*",
    # русский, українська
    r"не (?:может|могут|было|удалось|был|доставлен|будет|смог)\w*(?: быть)?(?: доставлен| отправлен)?\w*",
    r"недоставлен\w*|невозможно доставить|ошибка доставки|не найден\w*|не существует",
    # 日本語, 中文, 한국어
    r"(?:配信|配送|送信|お届け|届け|配達)(?:でき|出来|され)(?:ません|ない|なかった)\w*|(?:配信|送信|配送)(?:エラー|失敗|不能)|見つかりません|存在しません",
    r"无法(?:发送|投递|送达|递送)|無法(?:發送|投遞|傳遞|送達)|(?:投递|发送|投遞|退信|退件)(?:失败|失敗)?|不存在|被退回|发送失败",
    r"(?:전송|전달|발송|배달)(?:할 수 없|되지 않|하지 못|이 실패|에 실패| 실패)",
)
"""What says that something was not delivered."""

OPENING: Final = (
    r"recipient|addressee|address|\buser|following|below|\bto\b|list of|"
    r"empf.{1,2}nger|adress|folgend|destinat|suivant|siguient|seguint|indirizz|ontvanger|mottagar|modtager|"
    r"odbiorc|adresat|"
    r"получател|адрес|одержувач|宛先|受信者|アドレス|地址|收件人|받는|수신"
)
"""What a sentence about a failure names when the addresses follow it."""

LABELS: Final = (
    r"(?:failed |final |original |intended |undeliverable |actual |rejected |bad |affected )*"
    r"(?:recipients?|addressees?|address|recipient address|mail ?box|user|e-?mail address)(?:\(s\)|\(es\))?",
    r"failed (?:address|to send to)(?:es)?|error-for|addressed to|originally addressed to|"
    r"unknown (?:local )?(?:user|recipient)",
    r"(?:mail|message) (?:could not be|was not) (?:delivered|sent) to|could not be delivered to|"
    r"undeliverable(?: mail)? to|undeliverable",
    r"delivery (?:to|failed)(?: \d+ attempts)?|invalid final delivery userid|final-recipient|original-recipient",
    r"user.?s mailbox is full|mailbox (?:is )?full|user (?:is )?unknown|no such user|over quota",
    r"destinataires?|empf.{1,2}nger|destinatarios?|destinatari[oi]?|ontvangers?|получатель|收件人|宛先|受取人",
)
"""What stands in front of a failed address on its line, with a colon or `to` between them."""

ENDS: Final = (
    r"[\s>|*=_-]*(?:transcript|session transcript|technical details|diagnostic information|error (?:detail|"
    r"description)|"
    r"additional information|for (?:further|more) (?:assistance|information)|message header|reason|mail details|"
    r"original message|the original message|your original|contact|please contact|generating server)",
)
"""What begins a line after the last failed address."""

RETURNED: Final = (
    r"[\W_]*(?:(?:below|included|here|this|attached|attachment|enclosed) )?(?:is )?(?:a |the )?"
    r"copy of (?:the|your)(?: original| first)?(?: part of (?:the|your))? ?(?:message|mail|header)s?\b.*",
    r"[\W_]*(?:your )?(?:original|old|returned|forwarded|unsent|undelivered|non-delivered|rejected|failed|"
    r"bounced)(?: e-?mail)? "
    r"(?:message|mail|headers?)(?: (?:headers?|text|is|was|are|as|follows?|attached|below|received|included|"
    r"starts?|here|"
    r"details|adjunto|\(.{0,20}\)))*[\W_]*",
    r"[\W_]*(?:the )?(?:message|mail|headers?|original message|body)(?: (?:text|headers?|body))?"
    r"(?: of (?:the|your) (?:original )?(?:message|mail))? (?:is |are )?follow(?:s|ing)?\b.{0,30}",
    r"[\W_]*(?:start|begin(?:ning)?) of (?:the )?(?:returned|original|forwarded) message\W*",
    r"[\W_]*(?:message headers?|message body|unsent message below)[\W_]*",
    r"[\W_]*(?:your message reads|the first \d+ lines of your|a summary of the undelivered|the header and top|"
    r"no more than \d+\w? characters of the body).{0,80}",
    r"[\W_]*(?:below|beneath) (?:this|the next) line\b.{0,80}",
    r"[\W_]+(?:urspr.{1,2}ngliche|message d.origine|mensaje original|mensagem original|messaggio originale|"
    r"originele|исходное|原始|元の|原件|originalnachricht)[\w ]{0,40}[\W_]*",
)
"""A whole line after which the returned message stands, or its headers."""

DELAY: Final = (
    r"(?:has|have) (?:not yet been|been) (?:delivered|delayed|postponed|deferred)(?! (?:to|and (?:failed|returned)) )",
    r"not (?:yet )?(?:been )?delivered (?:to (?:all|one)|yet)",
    r"(?:has|have) been (?:temporarily )?(?:delayed|postponed|deferred)|is (?:being )?delayed|delivery (?:is )?delayed",
    r"(?:could not|has not|was not|not yet) be(?:en)? delivered (?:yet|for (?:more than )?\d)",
    r"warning (?:message )?only|only a warning|just a warning|this is a warning|advisory-only",
    r"(?:will|shall) (?:be retried|keep (?:on )?trying|continue(?: to)? (?:try|attempt|to attempt)|try (?:again|"
    r"to deliver)|retry)\w*",
    r"(?:delivery )?attempts will continue|will continue to be made|we will continue|no action is required|"
    r"do not need to resend",
    r"still (?:trying|being (?:attempted|retried)|in (?:the )?queue)",
    r"noch nicht (?:zugestellt|ausgeliefert)|verz.{1,2}ger\w*|zustellung .{0,40}versucht",
    r"n.a pas encore|retard.e?|temporairement|sera (?:de nouveau|r.essay)\w*",
    r"se (?:seguir.|reintentar.|ha retrasado)\w*|ainda n.o|in ritardo|verder proberen",
)
"""What says that the server has not given up."""

FINAL: Final = (
    r"permanent(?:ly)?|given up|giving up|will not (?:be )?(?:retr|try)\w*|no further attempts|returned to (?:you|"
    r"sender)|expired",
    r"could not be delivered (?:for|within) \d+ (?:days|hours)|aborted|removed from the (?:mail )?queue",
)
"""What says that it has, whatever else is written."""

BOILERPLATE: Final = (
    r"this is an automatically generated.*|this (?:message|e-?mail) was (?:created|generated) automatically.*|"
    r"hi\.? this is .*|this is the .{0,60}(?:program|mail system|agent|daemon).*|please (?:(?:do not|don.t) )?reply.*|"
    r"if you (?:feel|believe|think) .*|"
    r"i.m (?:sorry|afraid).*|we.re sorry.*|(?:a )?message (?:that )?you (?:have )?sent.*|its recipients.*|"
    r"message from .*|"
    r"if you do so, please include.*|delete your own text.*|for further assistance.*|message removed"
)
"""Lines that say nothing of the reason."""

CONTACT: Final = (
    r"contact|assistance|\bhelp\b|questions?|(?:write|reply|forward|report|send (?:it|this|a|an|your)\b.{0,40}|"
    r"e-?mails? ?(?:us|me)?) (?:to|at)|"
    r"postmaster at|administrator at|support at|message from|\bfrom|sender|sent by|on behalf of|reply-to|return-path|"
    r"\bvon|\bde|expanded from|generated from|aliased? (?:to|from)|cc|bcc|try (?:sending|emailing|to|it|the)|such as|"
    r"envelope-from|mail from|received"
)
"""What stands right in front of an address that did not fail."""


def compiled(*phrases: str) -> re.Pattern[str]:
    """Return one pattern for all phrases."""
    return re.compile(_joined(phrases), re.IGNORECASE)


def spoken(*phrases: str) -> Callable[[str], bool]:
    """Return what tells whether a text holds one of the phrases; they become a pattern when it is first asked.

    It searches the text in lower case, which takes a third of the time of a search without regard to case.
    """

    @cache
    def pattern() -> re.Pattern[str]:
        return re.compile(_joined(phrases))

    return lambda text: pattern().search(text.lower()) is not None


def _joined(phrases: Iterable[str]) -> str:
    text = "|".join(f"(?:{phrase})" for phrase in phrases)
    return text.replace(" ?", r"\s*").replace(" ", r"\s+")

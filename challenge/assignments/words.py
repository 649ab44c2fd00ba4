"""Texts as counted words, in English, French, Spanish and Arabic. Light normalisation, no dictionary, no model. Pure.

Arabic follows the light stemming of Larkey, Ballesteros, Connell (2002, "light1" with letter normalisation); the other
three lose accents and a plural s. Words of two languages meet only where they are spelt alike (innovation, inclusion).
"""

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix

STOP = {
    "en": "a about after all also an and any are as at be because been before between both but by can could did do does "
    "during each for from had has have her his how if in into is it its more most new no not of on only or other our out "
    "over she he so some such than that the their them then there these they this those through to under up use used using "
    "very was we were what when where which while who will with within would you your",
    "fr": "a afin ainsi alors au aucun aussi autre autres aux avec avoir car ce ceci cela ces cet cette chaque comme comment "
    "dans de des deux doit donc dont du elle elles en entre est et etre eux fait il ils je jusque la le les leur leurs lors "
    "lui mais meme memes nos notre nous on ont ou par parce pas peu peut plus pour pourquoi quand que quel quelle quelles "
    "quels qui sa sans se sera ses si son sont sous sur ta tout toute toutes tous tres un une vers vos votre vous",
    "es": "a al algo algunas algunos ante antes asi aun aunque bajo bien cada como con contra cual cuales cuando de del desde "
    "donde dos durante e el ella ellas ellos en entre era es esa ese eso esta estas este esto estos fue ha han hasta hay la "
    "las le les lo los mas me mi mientras muy nada ni no nos nuestra nuestro o otra otras otro otros para pero poco por "
    "porque que quien se sea segun ser si sido sin sobre son su sus tal tambien tanto te tiene todo todos tras tu un una "
    "unas unos y ya",
    "ar": "في من على إلى عن مع هذا هذه ذلك تلك التي الذي الذين اللذين ما لا لم لن قد كل كان كانت يكون تكون هو هي هم هن نحن "
    "أن إن أو ثم بين بعد قبل عند حتى حيث كما لكن إذا أي أيضا غير بعض منذ خلال ضد فوق تحت دون سوف ليس ليست و ف ب ل ك به بها "
    "له لها لهم فيه فيها منه منها عليه عليها إليه إليها وفي ومن وعلى",
}  # fmt: skip
ARABIC = re.compile(r"[\u0600-\u06ff]")
WORD = re.compile(r"[^\W\d_]+")
PREFIXES = ("وال", "بال", "كال", "فال", "لل", "ال")
LETTERS = str.maketrans({"ى": "ي", "ة": "ه", "ؤ": "و", "ئ": "ي", "ـ": None, "ء": None})


def folded(text: str) -> str:
    """Small letters without accents or vowel signs; the forms of alef as one."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(letter for letter in plain if unicodedata.category(letter) != "Mn")
    return kept.translate(LETTERS)


STOPPED = frozenset(folded(word) for words in STOP.values() for word in words.split())


def stem(word: str) -> str:
    if ARABIC.search(word):
        prefix = next((each for each in PREFIXES if word.startswith(each)), "")
        if len(word) - len(prefix) >= 2:
            word = word[len(prefix) :]
        return word
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def words(text: str) -> list[str]:
    """The words that count, in order. Latin words of one or two letters do not."""
    found = (word for word in WORD.findall(folded(text)) if word not in STOPPED)
    kept = (word for word in found if len(word) > 2 or (len(word) == 2 and ARABIC.search(word)))
    return [stem(word) for word in kept]


def vectors(texts: Sequence[str], others: Sequence[str]) -> tuple[csr_matrix, csr_matrix]:
    """Unit rows (., V) of log-scaled TF-IDF for two lists of texts over one vocabulary (Salton, Buckley 1988).

    A text without words is a row of zeros. Words that stand in one text only are left out: they join no pair.
    """
    numbers: dict[str, int] = {}
    rows, columns = [], []
    for row, text in enumerate((*texts, *others)):
        for word in words(text):
            rows.append(row)
            columns.append(numbers.setdefault(word, len(numbers)))
    shape = (len(texts) + len(others), max(len(numbers), 1))
    count = csr_matrix((np.ones(len(rows)), (rows, columns)), shape)
    count.sum_duplicates()
    spread = np.bincount(count.indices, minlength=shape[1])
    weight = np.where(spread > 1, np.log((1 + shape[0]) / (1 + spread)) + 1, 0.0)
    count.data = (1 + np.log(count.data)) * weight[count.indices]
    length = np.sqrt(np.asarray(count.multiply(count).sum(axis=1)).ravel())
    scaled = csr_matrix(count.multiply(1 / np.where(length > 0, length, 1.0)[:, None]))
    return scaled[: len(texts)], scaled[len(texts) :]

"""Words that mean nearly the same in what people ask of a business, a practice, a house: everyday English alone.

    SYNONYMS  one line each: any of its words may stand for any other of them
    SAYINGS   several words that mean what one word does: "how much" asks for a price

Rules: a word stands for the others of its own lines and no further; how much that is worth is the matcher's business.
Only words that a caller could swap without asking for something else: "open" and "closed" are none, nor are "book" and
"cancel". What is special to one trade belongs into the phrases of an agent's file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from parley_dataplane.engines.scripted.words import stem

SYNONYMS = """
hour time
open opening
close closing shut
late latest
early earliest
begin start commence
end finish over
weekend saturday
weekend sunday
holiday vacation bankholiday
today tonight
evening night tonight
morning forenoon
midday noon lunchtime
daily everyday
weekday weeknight
street road avenue
address location situated located
place location whereabouts
find reach get
direction way route
map directions
near nearby close closest nearest
nearest closest
far distance
town city downtown
centre center middle
building house
office practice clinic surgery
shop store
restaurant place bistro diner
museum gallery
entrance entry door admission
exit way
floor storey level upstairs downstairs
park parking garage lot
car vehicle drive driving
spot space
bike bicycle cycle
bus tram train subway metro station stop
taxi cab
wheelchair ramp step-free
accessible wheelchair barrier-free disabled disability
stair step stairs staircase
lift elevator
price cost fee charge rate
pay payment paid charge
bill invoice check
cheap cheaper discount reduced reduction concession
discount concession deal
free gratis complimentary
money cash
card visa mastercard contactless debit credit
ticket admission entry pass
student pupil
senior pensioner retired elderly
child kid baby toddler son daughter infant
children kids babies toddlers
family families
parent mother father mom dad
adult grown-up
woman female lady
man male gentleman
friend guest
people person guest party
dog pet puppy animal
pet animal cat
book reserve reservation booking schedule arrange
booking reservation
appointment visit slot checkup consultation
visit come
reserve keep hold save
schedule arrange plan
change move shift switch alter amend modify
move shift reschedule postpone push
cancel drop scrap delete remove
cancel unable
confirm check verify
remind reminder
available availability free vacancy
table seat
seat chair place
join participate part
sign register enrol enroll
tour guide guided
group party
doctor physician gp practitioner
nurse assistant
dentist dental
patient sick ill unwell
ill sick unwell poorly
pain ache hurt hurting sore
emergency urgent immediately
accident injured injury
medicine medication drug tablet pill meds
prescription medication medicine refill meds
refill renew repeat
pharmacy chemist drugstore
test exam examination lab laboratory blood
result finding outcome
vaccination vaccine vaccinate jab shot immunisation immunization injection
flu influenza
allergy allergic allergen intolerant intolerance
insurance insurer insured cover covered coverage
company firm business
passport id identification
document paper form paperwork
bring carry
letter note certificate
eat dine dining food meal
food meal dish
dinner supper
lunch midday
breakfast brunch
menu dish dishes card
starter appetizer appetiser
dessert sweet pudding cake
drink beverage wine beer
wine beer alcohol
coffee espresso cappuccino
coffee cafe tea
cafe cafeteria coffeeshop canteen
hungry eat snack
thirsty drink
recommend suggest advise recommendation suggestion
special specialty speciality recommendation
vegetarian veggie vegan meatless
vegan plant-based
meat beef pork chicken
gluten wheat celiac coeliac flour
nut peanut almond hazelnut
milk dairy lactose cream
shellfish shrimp prawn mussel seafood crab lobster
fish seafood
spicy hot
takeaway takeout carryout
takeaway collect pickup
deliver delivery bring
kitchen cook chef
chef cook
cook prepare
celebrate celebration party birthday
birthday anniversary party
wedding party
party event function
highlight best famous
best favourite favorite top
famous well-known popular
exhibition exhibit display show
exhibit object display
see look view
look watch
picture photo photograph photography
camera photo
paint painting
art artwork
ship boat vessel
sailor seaman crew
captain skipper
sea ocean
weigh weight heavy
long length
tall height high
old age
big large huge size
size large
made built build make
built constructed construction
toilet restroom bathroom loo washroom lavatory wc
locker cloakroom wardrobe
bag backpack luggage rucksack suitcase
coat jacket
leave store deposit
shop gift souvenir
souvenir postcard present gift
buy purchase sell
sell offer stock
offer serve provide
allow allowed permitted permit forbidden
may allowed
must required need
necessary required
talk speak chat
call phone ring telephone
phone telephone number
email mail
contact reach
message note
website online internet
wifi internet wireless
human person someone somebody operator agent
colleague staff employee
staff employee worker team
manager boss owner
real human live
name called
story tale
joke funny
question query
help assist assistance support
explain describe
problem trouble issue
wait queue line
quick fast soon quickly
quiet silent
loud noisy
warm hot
cold cool
new recent
next following
again repeat
another different other
lose lost
forget forgot left
broken repair fix
repair fix mend
job work career vacancy
rent hire
language english
deaf hearing
blind sight
"""

SAYINGS = """
how much: price cost fee
how expensive: price cost fee
how late: close hour
how early: open hour
what time: hour time
what hours: hour
until when: close hour
till when: close hour
how far: distance
how old: age old
how tall: height
how high: height
how heavy: weight
how long: length
how do i get: address direction
how can i get: address direction
how do we get: address direction
how to get: address direction
where are you: address location
where is it: address location
part of town: address location
get there: address direction
get rid of: cancel
call off: cancel
called off: cancel
give up: cancel
can not make: cancel
can not come: cancel
not be coming: cancel
will not come: cancel
not make it: cancel
do not need: cancel
put off: move change
put back: move change
push back: move change
bring forward: move change
another day: change move
different day: change move
another time: change move
different time: change move
come in: visit appointment
get in: admission entry
let in: admission entry
put down: book
put me down: book
sign up: book register
come along: join
pick up: collect takeaway
to go: takeaway
take home: takeaway
take away: takeaway
carry out: takeaway
eat out: restaurant
bite to eat: food lunch cafe
little ones: children
high chair: children child
young ones: children
four legged: dog
check up: appointment checkup
blood work: test lab
run out: refill
ran out: refill
running out: refill
out of: refill
real person: human
real human: human
living person: human
who works: human staff
in charge: manager
put through: human connect
put me through: human connect
powder room: toilet restroom
freshen up: toilet restroom
gone up: change
look at: see
look around: see visit
drop off: leave deposit
get around: accessible
by car: parking car
by train: direction train
by bus: direction bus
"""

Likes = Mapping[str, frozenset[str]]


@lru_cache(maxsize=1)
def synonyms() -> Likes:
    """Stem -> the stems that it may stand for, itself not among them."""
    found: dict[str, set[str]] = {}
    for line in SYNONYMS.strip().splitlines():
        stems = [stem(word.replace("-", "")) for word in line.split()]
        for one in stems:
            found.setdefault(one, set()).update(other for other in stems if other != one)
    return {one: frozenset(others) for one, others in found.items()}


@lru_cache(maxsize=1)
def _sayings() -> Mapping[str, tuple[tuple[tuple[str, ...], frozenset[str]], ...]]:
    """First word -> (all its words, the stems that they stand for)."""
    found: dict[str, tuple[tuple[tuple[str, ...], frozenset[str]], ...]] = {}
    for line in SAYINGS.strip().splitlines():
        said, _, meant = line.partition(":")
        words = tuple(said.split())
        found[words[0]] = (*found.get(words[0], ()), (words, frozenset(map(stem, meant.split()))))
    return found


def sayings(said: Sequence[str]) -> Iterator[tuple[int, frozenset[str]]]:
    """For each saying in `said`: where its last word is, and the stems that it stands for."""
    table = _sayings()
    for at, word in enumerate(said):
        for words, meant in table.get(word, ()):
            end = at + len(words)
            if tuple(said[at:end]) == words:
                yield end - 1, meant

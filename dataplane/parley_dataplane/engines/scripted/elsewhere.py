"""What people ask of anybody: shops, practices, offices, museums, assistants. What is near to one of these, and to no
phrase of the agent's, is something that the agent does not know.

Rules: many different things, in two or three wordings each; no line is a question of a test. Where an agent's own
phrases say the same, they have it (classifier.py). `python -m parley_dataplane.engines.scripted.elsewhere` makes
elsewhere.npy anew, the vectors of all lines: else each server would make them when it starts, for five seconds of a
core.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from parley_dataplane.engines.scripted.classifier import Floats

_log = logging.getLogger(__name__)

_FILE = Path(__file__).with_suffix(".npy")

_TEXT = """
do you have wifi
what's the password for the internet in here
are you hiring
i'd like to apply for a job with your company
where do i send my resume
i left my umbrella there yesterday
has anyone handed in a black wallet
i want to make a complaint
i'm really unhappy with how i was treated
can i speak to the manager
i have a question about my bill
why was i charged twice this month
i'd like a refund
how do i get my money back
can you send me an invoice
i need a receipt for my expenses
what's your email address
can i write to you instead of calling
do you speak spanish
is there someone who can talk to me in french
do you need an interpreter for sign language
are there student discounts
do pensioners get a reduced rate
do you have any special offers right now
how do i become a member
what does a yearly membership cost
i want to cancel my subscription
do you sell gift cards
my voucher code doesn't work
can i use this coupon here
how many loyalty points do i have
do you have a rewards card
do you deliver
how much would it be to have it brought to my house
when will my parcel arrive
my package never showed up
is it still under warranty
how long is the guarantee on this
when do you open
what time do you close tonight
are you open on sundays
will you be closed over the christmas holidays
where can i park
is there a garage or a lot near your building
can i charge my electric car there
how much does it cost
what do you charge for that
can you give me a quote
where are the toilets
is there a bathroom i could use
is there wheelchair access
my mother uses a walker can she get in
are there any steps at the entrance
can i bring my dog
are pets allowed inside
do you have a high chair
is it suitable for small children
is there somewhere to change a baby
can i bring a stroller
is smoking allowed
where can i have a cigarette
can i vape on the terrace
do you take credit cards
can i pay with my phone
is it cash only
can i pay in instalments
i'd like to book a table for four
can i reserve something for friday night
i need to cancel my booking
can we change our reservation to a later time
how do i get there
which bus stops near you
what's your address
where's the nearest train station
what's the weather like today
do i need a raincoat tomorrow
is it going to snow this weekend
what's in the news
tell me today's headlines
who won the election
who won the game last night
what's the score in the football
when is the next world cup
what's twelve times seven
how much is fifteen percent of eighty
what's the square root of two
how many miles is ten kilometers
convert pounds to kilograms for me
who is the president of france
what's the tallest mountain in the world
how many people live in china
what's the capital of australia
which river runs through london
where is madagascar
tell me a joke
say something funny
can you sing me a song
play some music please
turn the volume up
who sings this song
what time is it
what day is it today
what's the date next tuesday
set a timer for ten minutes
wake me up at seven
remind me to buy milk
when did the second world war end
who was the first man on the moon
who built the pyramids
why did the roman empire fall
why is the sky blue
how far away is the moon
how do black holes form
what's the speed of light
what is dna made of
i have a headache what should i do
my throat hurts and i have a fever
what's good for a bad back
is this rash something to worry about
how much ibuprofen can i take
i need a repeat prescription
are there side effects with these tablets
can i take this with alcohol
i'd like a copy of my medical records
how do i transfer my file to another doctor
i need a referral to a specialist
has my referral letter been sent
are my blood test results back
do i need to fast before the test
where do i go for an x ray
can i see the doctor by video
do you offer appointments over the phone
do you accept my insurance
is that covered by my health plan
i need to file an insurance claim
this is an emergency
somebody's collapsed and isn't breathing
call an ambulance
there's a fire in the building
i have chest pains
are there nuts in that
i'm allergic to shellfish
do you have anything gluten free
do you have vegan options
is the meat halal
what's on the menu
what's the soup of the day
how spicy is the curry
what do you recommend for dessert
how do you cook the steak
can i order takeaway
what beers do you have on tap
could we see the wine list
do you serve coffee
can i just get a glass of water
when is happy hour
is there a bar upstairs
can i bring my own bottle
do you show the match on a big screen
what's on television tonight
recommend a good film
what series should i watch next
what time does the movie start
are there any events this weekend
is there live music tonight
can we hold our wedding at your place
i want to throw a birthday party
do you have a room for a meeting
do you do catering for parties
could you bring food to our office for fifty people
it's freezing in here
can you turn up the heating
does the air conditioning work
can we sit outside
i'd prefer a table by the window
are the seats numbered
how long is the wait
is there a queue at the moment
why have i been on hold so long
can you call me a taxi
is there a cab rank nearby
can you recommend a hotel near here
do you have any vacant rooms
what time is check in
can i check out late
is breakfast included
could i get extra towels in my room
the shower is broken
is there a swimming pool
does the hotel have a gym
can someone carry my luggage
do you have an airport shuttle
are there guided tours
can i get a guide who speaks german
what exhibitions are on now
what's the new exhibit about
when does the show begin
are there still tickets for tonight
can i buy tickets online
how long does a visit take
which animals do you have
when are the penguins fed
what do elephants eat
how long do tortoises live
how big is the ship
when does the ferry leave
who was the captain of the titanic
who painted the mona lisa
is this painting an original
what style of art is this
can i take photos in here
is flash photography okay
do you have an audio guide
is there an app for the tour
i'd like to volunteer
do you need helpers on weekends
how can i make a donation
i have some old furniture to give away
is there a gift shop
where can i buy a souvenir
do you sell postcards
do you run workshops
can i take a pottery course
i'd like to learn the guitar
do you offer cooking lessons
can i bring my school class
is there a program for kids from kindergarten
do you have a rate for groups
we're coming with thirty people is that possible
are there security cameras
do you search bags at the door
i think somebody stole my phone
is there an elevator
which floor are you on
where can i leave my coat
do you have lockers for bags
can you fix my laptop
my washing machine is leaking
how long will the repair take
do you replace phone screens
i'd like to make an appointment
what's the earliest you can see me
i'm running late for my appointment
can i move my appointment to next week
i forgot my password
i can't log in to my account
my account has been locked
how do i change my username
please delete my account
the app keeps crashing
my printer won't print
my computer is really slow
how do i update the software
the screen has gone black
i have no signal on my phone
my router keeps dropping the connection
do you ship overseas
how much is postage
can i track my order
i want to return these shoes
can i swap it for a bigger size
the item arrived damaged
you sent me the wrong thing
do you have this in blue
is it in stock
do you price match
where are your products made
what do you do with my personal data
is this call being recorded
please take me off your mailing list
are you a robot
am i talking to a real person
i want to talk to a human
what's your name
how old are you
who made you
what can you do
do you have feelings
you're not very helpful
you sound really nice
i don't like talking to machines
can you speak up a bit
you talk too fast
how are you today
nice to meet you
what did you do this weekend
i'm bored
i'm feeling a bit lonely
do you believe in god
what's the meaning of life
what's your favourite colour
will you marry me
do you have a girlfriend
my boyfriend just broke up with me
how do i make up with my sister
what should i get my wife for her birthday
how do i get to the airport
has the flight from chicago landed
my flight was cancelled
how many bags can i check in
do i need a visa for japan
find me a cheap holiday in greece
what's the best time of year to visit italy
what's the exchange rate for the dollar
i'd like to open an account
what's my balance
i lost my bank card
how do i transfer money abroad
can i get a loan
what's the interest rate on a mortgage
is there a cash machine near here
how are the stock markets doing
should i buy bitcoin
when are my taxes due
how do i fill in a tax return
i got a letter about council tax
i need to renew my passport
how do i get a new driving licence
i want to register a change of address
where do i get a birth certificate
how do i register to vote
we want to get married at the town hall
i need planning permission for an extension
when is the rubbish collected
where can i recycle old batteries
there's a pothole on our street
my neighbours are too noisy
a street light is out near my house
i got a parking ticket
my car won't start
there's a strange noise from my brakes
i need new winter tires
can you do an oil change
when is my car due for its inspection
can i rent a van
how much petrol does it use
do you sell used cars
can i take a test drive
i need a haircut
how much is a trim and blow dry
do you do highlights
can i get my beard shaved
do you do manicures
i'd like a massage
how do i join the tennis team
when is training for the under tens
can i hire a court
do you have yoga classes
can i have a free trial session
who is the coach
how do i improve my running
where can i go fishing
can i borrow this book
how do i get a library card
my books are overdue what's the fine
do you have the latest thriller by that author
can i renew my loan for two weeks
is there a quiet place to study
can i make copies here
can i use a computer
how do i enrol my daughter
my son is sick and can't come to school
when do the summer holidays start
what grades do i need to get in
how much is tuition
can i talk to my child's teacher
can you help with my homework
do you have an after school club
what do you serve for lunch in the cafeteria
when was your company founded
who is the owner
how many people work there
do you have other branches
do you have a website
are you on social media
can i leave a review
can someone call me back
i'd like to leave a message
put me through to accounting
i missed a call from this number
i must have dialled the wrong number
i'd like to speak to someone in sales
i'm calling from the newspaper about an interview
we'd like to offer you cheaper electricity
would your company sponsor our event
i'm a supplier looking for the purchasing department
can i sublet my flat
i'm looking for an apartment to rent
when do i get my deposit back
the landlord won't fix the boiler
how much is the house on the corner
my sink is blocked
i need an electrician
there's a smell of gas
the power is out in our street
how do i read my meter
can i switch to a cheaper tariff
i want to upgrade my phone contract
i need a lawyer
can you help me with a divorce
how do i write a will
can i sue my employer
how many vacation days do i get
when do we get paid
i'm calling in sick
my tooth hurts
do you do teeth whitening
i need my eyes checked
my glasses are broken
do you sell contact lenses
i need a flu shot
which vaccinations do i need for travelling
i think i'm pregnant
i can't sleep at night
i'm feeling very anxious
how many calories are in an avocado
my cat isn't eating
does my puppy need its shots
how do i get rid of ants
when should i plant tomatoes
why are the leaves on my plant yellow
do you sell flowers
give me a recipe for pancakes
how long do i boil an egg
what can i use instead of butter
how do you say thank you in italian
translate this into portuguese
how do you spell necessary
what does that word mean
who wrote hamlet
tell me a story
give me a riddle
let's play a game
flip a coin
turn off the lights
lock the front door
call my mum
send a text to john
add eggs to my shopping list
what's on my calendar
how's the traffic on the motorway
what's my horoscope
when is easter this year
is there a dress code
do i need id to get in
is there an age limit
can i bring my own food
is there somewhere to eat nearby
where's the nearest pharmacy
what is there to see in this town
is it safe to walk around at night
can i hire a bike
are there any hiking trails
can we go swimming in the lake
can we pitch a tent here
is there a playground
do you do dry cleaning
can you shorten these trousers
can you cut me a spare key
i'm locked out of my house
can you engrave a ring
do you buy gold
how do i clean a red wine stain
do you offer gift wrapping
can you make a birthday cake
when's the next church service
how do i arrange a funeral
are you environmentally friendly
do you have a notary
can i have a form to fill out
what documents do i need to bring
how long does the process take
what's the status of my application
when is the deadline
can you confirm that in writing
what happens if i don't show up
can i bring a friend along
is my husband there
where can i find doctor miller
is the water here safe to drink
do you have a first aid kit
can i charge my phone here
"""

ELSEWHERE = tuple(_TEXT.strip().splitlines())


@functools.cache
def elsewhere() -> Floats | None:
    """Their vectors, of length 1: (lines, 384). Of half precision in the file, which moves a cosine by 0.0002. None
    where there is no such file: then nothing is learnt, and that is all.
    """
    try:
        kept: Floats = np.load(_FILE, allow_pickle=False).astype(np.float32)
    except (OSError, ValueError) as error:
        _log.warning("what people ask of anybody is not told apart: %s: %s", _FILE.name, type(error).__name__)
        return None
    return kept


def vectors(lines: Sequence[str] = ELSEWHERE) -> Floats:
    """The same, made by the network."""
    from parley_dataplane.engines.scripted.meaning import model_folder
    from parley_dataplane.engines.workers.minilm import MiniLm

    return MiniLm(model_folder()).embed(lines)


if __name__ == "__main__":
    np.save(_FILE, vectors().astype(np.float16), allow_pickle=False)

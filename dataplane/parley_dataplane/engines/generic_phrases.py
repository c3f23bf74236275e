"""What anyone says to any agent."""

_TEXT = """
hello
hi there
good morning
good afternoon
good evening
how are you
how are you doing today
who are you
what is your name
what can you do
what can i ask you
what can you help me with
can you help me
i need some help
help me please
help
yes
yes please
yes that's right
yeah
yeah sure
okay
okay great
sure
that is correct
no
no thank you
no thanks
no that's wrong
no i said
not that one
never mind
i don't know
i'm not sure
maybe later
thank you
thank you very much
thanks a lot
great thanks
that's all
that's all thank you
nothing else
goodbye
bye
bye bye
see you
have a nice day
sorry
sorry what did you say
excuse me
pardon
can you repeat that
can you say that again
could you repeat that please
please say that again
say it again slowly
please speak up
please speak slower
i did not understand
i don't understand
wait a moment
hold on
one moment please
stop
stop please
please stop talking
be quiet
are you still there
can you hear me
go on
go ahead
please continue
tell me more
tell me more about that
tell me about it
what about it
what does that mean
what is that
where is that
when is that
how much is it
how long does it take
how do i get there
how does that work
why is that
can i speak to a human
i want to talk to a person
let me talk to someone
could you tell me
i would like to know
i want to know
i have a question
i would like to
i would like to change it
i want to
can i
do you have
is there a
"""

GENERIC_PHRASES = tuple(_TEXT.strip().splitlines())

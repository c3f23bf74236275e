"""What goes wrong, at a real server: engines that die or hang, and callers who send anything but a plain question.

workers.py  the engines' processes killed and stopped, again and again, during calls
sounds.py   what is sent -> soak.py  300 calls opened and dropped in every way
"""
